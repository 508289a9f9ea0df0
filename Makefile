# Two commands do everything on a machine with rustup: `make demo` and `make test`.

TARGET := wasm32-wasip2
PROGRAMS := target/debug

.PHONY: demo test lint bench simulate verify-time verify-cgroups verify-functions oracle target nextest

# Runs the example of examples/daily-pipeline, every step in a sandbox of its own.
demo: target
	cargo build --locked --package stepwell-server --package stepwell-tests --bins
	@examples/daily-pipeline/run.sh $(PROGRAMS) target/demo

# Runs every test: the host's, the guests' own and PowerShell's (native), and the integration tests.
test: target nextest oracle
	cd guests && CARGO_TARGET_DIR=../target/guests-native cargo test --locked --target $$(rustc -vV | sed -n 's/^host: //p') \
		--package azure-devops --package file-operation --package hello-step --package http-step --package powershell --package sql --package stepwell-sdk --package tables --package wait --package zstd
	cd guests && CARGO_TARGET_DIR=../target/guests-native cargo test --locked --target $$(rustc -vV | sed -n 's/^host: //p') \
		--package data-processing --no-default-features
	cd powershell && CARGO_TARGET_DIR=../target/guests-native cargo test --locked --workspace --target $$(rustc -vV | sed -n 's/^host: //p')
	cargo nextest run --locked --workspace
	cargo test --locked --workspace --doc --quiet
	cargo build --locked --quiet --workspace --bins
	target/debug/embedding target/guests/$(TARGET)/release/hello_step.wasm

# Formatting, clippy for the host, the guests and PowerShell, and the rules for dependencies.
lint: target
	cargo fmt --all --check
	cd guests && cargo fmt --all --check
	cd powershell && cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cd guests && CARGO_TARGET_DIR=../target/guests cargo clippy --locked --release --workspace --exclude data-processing -- -D warnings
	cd powershell && CARGO_TARGET_DIR=../target/guests-native cargo clippy --locked --workspace --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then echo "cargo deny check bans licenses sources"; \
		cargo deny check bans licenses sources; \
	else echo "skipped: cargo-deny is not installed (cargo install --locked cargo-deny)"; fi

# Measures; see benches/README.md.
bench: target
	cargo run --locked --release --package stepwell-benches -- all

# 100,000 seeds of the simulator; SEEDS and FIRST choose others.
simulate: target
	cargo run --locked --release --package stepwell-tests --bin simulate -- $${FIRST:-1} $${SEEDS:-100000}

# Every change of the clocks of every zone from 1970 to 2100, compared with Python's zoneinfo on the same tzdb.
verify-time: target
	cargo build --locked --release --package stepwell-tests --bin time-oracle
	test -x target/verify-time/bin/python || python3 -m venv target/verify-time
	target/verify-time/bin/python -m pip install --quiet tzdata==2025.2
	target/verify-time/bin/python tests/time/verify.py target/release/time-oracle

# Programs in real control groups: boots a kernel in an emulated machine and runs the tests of programs there. Needs QEMU, busybox
# and a kernel with its modules (on Debian: qemu-system-x86 busybox-static linux-image-amd64); KERNEL and MODULES name another.
verify-cgroups: target nextest
	cargo build --locked --workspace --bins
	cargo nextest list --locked --workspace --list-type binaries-only --message-format json-pretty >target/test-binaries.json
	binary() { sed -n 's|.*"binary-path": "\(.*/'"$$1"'-[0-9a-f]*\)".*|\1|p' target/test-binaries.json; }; \
		tests/cgroups/verify.sh tests/cgroups/inside.sh "$$(binary stepwell_sandbox)" "$$(binary it)" $(PROGRAMS)/stepwell

# The values in docs/data-functions.md, compared with those of DuckDB and PostgreSQL (a server at DATABASE, and psql).
verify-functions:
	test -x target/verify-functions/bin/python || python3 -m venv target/verify-functions
	target/verify-functions/bin/python -m pip install --quiet duckdb==2.0.1
	target/verify-functions/bin/python tests/functions/verify.py docs/data-functions.md $${DATABASE:-postgresql://postgres@127.0.0.1/postgres}

# Python with DuckDB, pandas and pyarrow, against which the tests compare what steps read and write. Without them, these tests are
# skipped, and fail in CI.
oracle:
	@test -x target/oracle/bin/python || python3 -m venv target/oracle || true
	@target/oracle/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/oracle/requirements.txt \
		|| echo "skipped: the packages of tests/oracle/requirements.txt cannot be installed"

# The guests' target, where rustup lacks it.
target:
	@rustup target list --installed | grep -qx $(TARGET) || { \
		echo "adding the target $(TARGET), which the steps are built for"; rustup target add $(TARGET); }

nextest:
	@command -v cargo-nextest >/dev/null || { \
		echo "installing cargo-nextest, which runs the tests"; cargo install --locked cargo-nextest; }
