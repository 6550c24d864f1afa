#!/bin/sh
# Fetches the certificate's fonts into fonts/ttf, as pinned by package-lock.json and SHA256SUMS. Run by `make fonts`.
# Safe to run at any time: when the files are there and their stamp matches, it only compares two small files.
set -eu
cd "$(dirname "$0")"

stamp=ttf/.stamp
if [ -f "$stamp" ] && [ ! SHA256SUMS -nt "$stamp" ] && cmp -s SHA256SUMS "$stamp"; then
    exit 0
fi

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cp package.json package-lock.json "$build"
(cd "$build" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)

# Checked before anything is put in place: a half-fetched or altered font never reaches a certificate.
mkdir "$build/ttf"
while read -r _ name; do
    find "$build/node_modules" -name "$name" -exec cp {} "$build/ttf/" \;
done < SHA256SUMS
(cd "$build/ttf" && sha256sum --check --strict --quiet) < SHA256SUMS

mkdir -p ttf
rm -f ttf/*.ttf
cp "$build"/ttf/*.ttf ttf/
cp SHA256SUMS "$stamp"
echo "fonts: $(ls ttf/*.ttf | wc -l) files, $(cat ttf/*.ttf | wc -c) bytes"
