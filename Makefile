# The front door. `make demo` shows it, `make test` proves it.

export CARGO_TERM_COLOR ?= auto
NODE_ORACLE := tests/oracle
NODE_WALLETS := tests/wallet
SOAK := $(or $(CARGO_TARGET_DIR),target)/soak
# What `demo`, `run` and `template` build, and where it lies. With the whole workspace and an example selected, cargo turns on the features that the tests
# need, so that these commands and `make test` use each other's dependencies instead of building them again.
BUILD := cargo build --quiet --workspace --example records --bin
BUILT := $(or $(CARGO_TARGET_DIR),target)/debug

.PHONY: verify-log
.PHONY: facts-tools
.PHONY: demo run template test soak check bench bench-steps load cost fonts page page-tools oracle wallet-tools help
.DEFAULT_GOAL := help

help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: fonts ## Certify synthetic people over HTTP, fetch and verify their certificates into out/
	@$(BUILD) demo
	@$(BUILT)/demo

run: fonts page ## Keep the service up (PORT, DATA_DIR), one token per role in $$DATA_DIR/tokens.json
	@$(BUILD) local
	@$(BUILT)/local

test: fonts oracle page page-tools wallet-tools facts-tools ## Every test; nothing but the package registries is needed
	@# With the tests, so that both commands see the same features and build each dependency once.
	cargo build --quiet --workspace --bins --tests
	cargo test --workspace --no-fail-fast
	cargo test --manifest-path tests/soak/Cargo.toml --target-dir $(SOAK)

soak: ## Ten million events (EVENTS, SEED) through crashes, lost answers and clocks that disagree, with a display and the account of every one
	@cargo run --release --quiet --manifest-path tests/soak/Cargo.toml --target-dir $(SOAK)

check: ## Format, lints, docs, direction of dependencies, licences and advisories
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo fmt --manifest-path tests/soak/Cargo.toml --check
	cargo clippy --manifest-path tests/soak/Cargo.toml --target-dir $(SOAK) --all-targets -- -D warnings
	cargo clippy --package credential --package verifier --package page --target wasm32-unknown-unknown -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --quiet
	./.ci/direction
	./.ci/deny

template: fonts ## Every kind of page in every language of TEMPLATE (india) into out/template/, contact sheets beside them
	@$(BUILD) template
	@$(BUILT)/template

bench: fonts ## CPU time of signing, verifying, QR and PDF beside DIVOC's libraries: one table (BENCHMARKS.md)
	@cd tests/baseline && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund --ignore-scripts; }
	@cargo run --quiet --profile bench -p baseline

bench-steps: fonts ## Our own steps one by one, as divan sees them
	cargo bench -p credential -p document --bench credential --bench qr --bench pdf

verify-log: ## Prove the log's chain unbroken (URL, TOKEN of an administrator, HEAD of an earlier run)
	@cargo run --quiet -p tests --bin verify_log

load: fonts ## Open-loop load on the local service, with a live display, a latency table and drawings
	@cargo build --quiet --profile bench -p load --bin load
	@# As in production unless said otherwise: nobody is told of certificates.
	@NOTIFY_SMS=$${NOTIFY_SMS:-off} NOTIFY_EMAIL=$${NOTIFY_EMAIL:-off} ./target/release/load

cost: fonts ## What it costs on AWS and how a day of 25 million goes, from the figures of `make load` in docs/load
	@cargo build --quiet --profile bench -p load --bin cost
	@NOTIFY_SMS=$${NOTIFY_SMS:-off} NOTIFY_EMAIL=$${NOTIFY_EMAIL:-off} ./target/release/cost

fonts: ## The fonts, from pinned packages, into fonts/ttf
	@./fonts/fetch.sh

page: ## The pages into target/page, for the service to hand out at /verify/, /portal/, /share/ and /bulk/; prints their sizes
	@rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown || rustup target add wasm32-unknown-unknown
	@$(BUILD) page-build
	@$(BUILT)/page-build

page-tools: ## What drives the page in a browser, for the tests
	@cd page/tests && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --silent --no-audit --no-fund; }

oracle: ## DIVOC's verifier and a QR reader from npm, for the tests
	@cd $(NODE_ORACLE) && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --silent --no-audit --no-fund; }

wallet-tools: ## Libraries from npm that wallets are made with, for the tests
	@cd $(NODE_WALLETS) && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --silent --no-audit --no-fund; }

facts-tools: target/venv-facts/ready ## DuckDB, which reads facts as others do, for the tests

target/venv-facts/ready: tests/facts/requirements.txt
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --requirement $<
	touch $@

-include infra/infra.mk
