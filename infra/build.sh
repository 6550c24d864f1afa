#!/bin/sh
# Builds every function of template.yaml, or the one named second, for one processor (arm64 or x86_64) into .aws-sam/build, linked against the C library
# of Lambda's system.
set -eu
cd "$(dirname "$0")/.."

case "$1" in
arm64) target=aarch64-unknown-linux-gnu ;;
x86_64) target=x86_64-unknown-linux-gnu ;;
*) echo "build: the architecture is arm64 or x86_64, not $1" >&2 && exit 2 ;;
esac
if ! rustup target list --installed | grep -qx "$target" && ! rustup target add "$target"; then
	echo "build: Rust's target $target is not installed and could not be fetched. With a network: rustup target add $target" >&2
	exit 1
fi
if [ -z "$(ls fonts/ttf/*.ttf 2>/dev/null)" ]; then
	echo "build: fonts/ttf is empty; certificate_pdf needs its fonts. Run: make fonts" >&2
	exit 1
fi

if [ ! -f target/page/verify/index.html ]; then
	echo "build: target/page is empty; the function page hands it out. Run: make page" >&2
	exit 1
fi

# zig links (pinned beside cargo-lambda); an own target folder, for its objects fit no other build.
PATH="$PWD/target/venv-infra/bin:$PATH"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/lambda-$1"
sam build ${2:-} --template template.yaml --parameter-overrides "Architecture=$1"
echo "$1" >.aws-sam/architecture
target/venv-infra/bin/python infra/measure.py
