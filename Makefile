# On a machine with rustup, two commands do everything: `make demo` and `make test`.

TARGET := wasm32-wasip2
PROGRAMS := target/debug

.PHONY: demo test lint bench simulate verify-time verify-airflow verify-cgroups verify-functions oracle spark ui verify-ui browser screenshots book target nextest

# Runs the example in examples/daily-pipeline, with every step in its own sandbox.
demo: target
	cargo build --locked --package stepwell-server --package stepwell-tests --bins
	@examples/daily-pipeline/run.sh $(PROGRAMS) target/demo

# Runs every test: the host's, the guests' and PowerShell's (native), and the integration tests.
test: target nextest oracle spark
	cd guests && CARGO_TARGET_DIR=../target/guests-native cargo test --locked --target $$(rustc -vV | sed -n 's/^host: //p') \
		--package azure-devops --package file-operation --package fit --package hello-step --package http-step --package language-step --package powershell --package sql --package stepwell-sdk --package tables --package wait --package zstd
	cd guests && CARGO_TARGET_DIR=../target/guests-native cargo test --locked --target $$(rustc -vV | sed -n 's/^host: //p') \
		--package data-processing --no-default-features
	cd powershell && CARGO_TARGET_DIR=../target/guests-native cargo test --locked --workspace --target $$(rustc -vV | sed -n 's/^host: //p')
	cargo nextest run --locked --workspace
	cargo test --locked --workspace --doc --quiet
	cargo build --locked --quiet --workspace --bins
	target/debug/embedding target/guests/$(TARGET)/release/hello_step.wasm

# Checks formatting, runs clippy for the host, the guests and PowerShell, and checks the rules for dependencies.
lint: target
	cargo fmt --all --check
	cd guests && cargo fmt --all --check
	cd powershell && cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cd guests && CARGO_TARGET_DIR=../target/guests cargo clippy --locked --release --workspace --exclude arithmetic --exclude data-processing -- -D warnings
	cd powershell && CARGO_TARGET_DIR=../target/guests-native cargo clippy --locked --workspace --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then echo "cargo deny check bans licenses sources"; \
		cargo deny check bans licenses sources; \
	else echo "skipped: cargo-deny is not installed (cargo install --locked cargo-deny)"; fi

# Runs the benchmarks; see benches/README.md.
bench: target
	cargo run --locked --release --package stepwell-benches -- all

# Runs 100,000 seeds of the simulator. SEEDS and FIRST select other seeds.
simulate: target
	cargo run --locked --release --package stepwell-tests --bin simulate -- $${FIRST:-1} $${SEEDS:-100000}

# Compares every clock change of every zone from 1970 to 2100 with Python's zoneinfo on the same tzdb.
verify-time: target
	cargo build --locked --release --package stepwell-tests --bin time-oracle
	test -x target/verify-time/bin/python || python3 -m venv target/verify-time
	target/verify-time/bin/python -m pip install --quiet tzdata==2025.2
	target/verify-time/bin/python tests/time/verify.py target/release/time-oracle

# Tests programs in real control groups: boots a kernel in an emulated machine and runs the tests of programs
# there. Needs QEMU, busybox and a kernel with its modules (on Debian: qemu-system-x86 busybox-static
# linux-image-amd64). KERNEL and MODULES select another kernel.
verify-cgroups: target nextest
	cargo build --locked --workspace --bins
	cargo nextest list --locked --workspace --list-type binaries-only --message-format json-pretty >target/test-binaries.json
	binary() { sed -n 's|.*"binary-path": "\(.*/'"$$1"'-[0-9a-f]*\)".*|\1|p' target/test-binaries.json; }; \
		tests/cgroups/verify.sh tests/cgroups/inside.sh "$$(binary stepwell_sandbox)" "$$(binary it)" $(PROGRAMS)/stepwell

# Compares the values in docs/data-functions.md with those of DuckDB and PostgreSQL (a server at DATABASE, and
# psql).
verify-functions:
	test -x target/verify-functions/bin/python || python3 -m venv target/verify-functions
	target/verify-functions/bin/python -m pip install --quiet duckdb==2.0.1
	target/verify-functions/bin/python tests/functions/verify.py docs/data-functions.md $${DATABASE:-postgresql://postgres@127.0.0.1/postgres}

# Installs Python with DuckDB, pandas and pyarrow, which the tests compare with the input and output of steps.
# Without these packages, the tests skip the comparison, and in CI they fail.
oracle:
	@test -x target/oracle/bin/python || python3 -m venv target/oracle || true
	@target/oracle/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/oracle/requirements.txt \
		|| echo "skipped: the packages of tests/oracle/requirements.txt cannot be installed"

# Unpacks the Spark that is in the archive of PySpark, for the tests of connections to Spark; they start it with the
# Java of this machine. Without it, the tests skip, and in CI they fail.
spark:
	@test -d target/spark || { python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
			--dest target/spark-archive --requirement tests/spark/requirements.txt \
		&& mkdir -p target/spark.part && tar -xzf target/spark-archive/*.tar.gz -C target/spark.part --wildcards '*/deps' \
		&& rm -rf target/spark-archive && mv target/spark.part target/spark; } \
		|| echo "skipped: the archive of tests/spark/requirements.txt cannot be fetched"

# Builds the assets of the web UI; see host/server/ui/README.md.
ui:
	cd host/server/ui && npm ci --silent && npm run --silent build

# Runs the tests of the web UI's modules, and compares its assets with a new build. Without node, it does nothing,
# and in CI it fails.
verify-ui:
	@if command -v node >/dev/null; then set -e; \
		cd host/server/ui && npm ci --silent && npm test --silent && node build.js ../../../target/ui; \
		diff -r dist ../../../target/ui || { echo "host/server/ui/dist is not the build of its sources: run make ui"; exit 1; }; \
	elif test -n "$$CI"; then echo "failed: node is not installed"; exit 1; \
	else echo "skipped: node is not installed"; fi

# Builds the book in docs/ into target/book, and installs mdBook if it is missing.
book:
	@command -v mdbook >/dev/null || { \
		echo "installing mdBook, which builds the book"; \
		cargo install --locked --debug --no-default-features --features search --version 0.5.4 mdbook; }
	@docs/build.sh

# Installs the packages of the browser tests.
browser:
	cd tests/browser && npm ci --silent

# Runs the tests of the Airflow provider with both versions of Airflow that it supports; `make test` runs those with the
# newest one.
verify-airflow: target
	cargo build --locked --package stepwell-server --bin stepwell
	for version in '2.11.*' '3.*'; do AIRFLOW=$$version integrations/airflow/run-tests target/python $(PROGRAMS)/stepwell -q || exit 1; done

# Takes the screenshots of the documentation again, from the web UI of `stepwell demo`. Needs node and Chromium.
screenshots: target browser
	cargo build --locked --package stepwell-server --bin stepwell
	node tests/browser/screenshots.js $(PROGRAMS)/stepwell docs/images

# Installs the guests' target if rustup lacks it.
target:
	@rustup target list --installed | grep -qx $(TARGET) || { \
		echo "adding the target $(TARGET), which the steps are built for"; rustup target add $(TARGET); }

nextest:
	@command -v cargo-nextest >/dev/null || { \
		echo "installing cargo-nextest, which runs the tests"; cargo install --locked cargo-nextest; }
