# `make demo` and `make test` install what is missing, build and run; on Debian they need git, make and curl only.

SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH)

APT := gcc libc6-dev pkg-config libclang-dev libavcodec-dev libavformat-dev libavutil-dev libswscale-dev \
       libswresample-dev ffmpeg fonts-dejavu-core
# What only tests need: real servers to delete from and to ask.
APT_TEST := varnish nginx-light python3-venv chromium chromium-driver
TOOLS := target/test-tools
# Installs those of Debian's packages that are missing.
define install
missing=$$(for p in $(1); do \
    dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
if [ -n "$$missing" ]; then \
    command -v apt-get >/dev/null || { echo "Please install what Debian calls:" $$missing >&2; exit 1; }; \
    echo "Installing by apt:" $$missing; \
    $(SUDO) apt-get update -q && \
    DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -qy --no-install-recommends $$missing; \
fi
endef
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo test test-heavy test-tools bench build lint setup ci test-schema bench-service bench-review review-pictures

demo: build  ## Show it: tombstones and re-uploads. VIDEOS=dir takes your own videos.
	@samples/demo.sh $(if $(VIDEOS),"$(VIDEOS)")

test: setup test-tools  ## All tests but the heavy ones.
	cargo test --release --locked

test-heavy: setup test-tools  ## The tests that take minutes.
	cargo test --release --locked --test deletions_http -- --ignored heavy --nocapture

test-tools: setup  ## Servers that tests start; what cannot be had is skipped by them.
	@$(call install,$(APT_TEST)) || echo "not all could be installed: some tests will say that they are skipped"
	@$(MAKE) --no-print-directory $(TOOLS)/venv/installed $(TOOLS)/azurite/installed $(TOOLS)/tus/installed \
	    $(TOOLS)/axe/installed

# moto is an S3 server with versions and Object Lock, boto3 an S3 client; standardwebhooks verifies what we sign.
$(TOOLS)/venv/installed: Makefile
	@python3 -m venv $(TOOLS)/venv && \
	    $(TOOLS)/venv/bin/pip install -q 'moto[server,s3]==5.2.*' 'boto3>=1.40' 'standardwebhooks==1.*' && touch $@ || \
	    echo "no Python packages: the tests that need them will say that they are skipped"

# Microsoft's own stand-in for Azure's object store.
$(TOOLS)/azurite/installed: Makefile
	@command -v npm >/dev/null && npm install --silent --prefix $(TOOLS)/azurite azurite@3.37 && touch $@ || \
	    echo "no Node packages: the test that needs azurite will say that it is skipped"

# Looks for what keeps people from using the pages.
$(TOOLS)/axe/installed: Makefile
	@command -v npm >/dev/null && npm install --silent --prefix $(TOOLS)/axe axe-core@4 && touch $@ || \
	    echo "no Node packages: the tests of the pages will say that axe-core is skipped"

# The official tus server and client.
$(TOOLS)/tus/installed: Makefile
	@command -v npm >/dev/null && \
	    npm install --silent --prefix $(TOOLS)/tus @tus/server@2 @tus/file-store@2 tus-js-client@4 && touch $@ || \
	    echo "no Node packages: the test that needs the tus server will say that it is skipped"

test-schema: setup  ## Schemathesis against a running service: no 500, nothing that the API document does not say.
	@test -x $(TOOLS)/venv/bin/python || python3 -m venv $(TOOLS)/venv
	@$(TOOLS)/venv/bin/pip install -q 'schemathesis==4.*'
	cargo test --release --locked --test api -- --ignored --nocapture schemathesis

bench: build  ## The tables of speed in the README. CLIPS=dir measures on your own videos.
	cargo bench --locked --bench speed -- $(if $(CLIPS),--clips "$(CLIPS)")
	cargo bench --locked --bench index_scale

bench-service: build  ## The service under load: overhead of the upload hook, 200 uploads at once, restart with 100 000 tombstones.
	cargo bench --locked --bench service

bench-review: build test-tools  ## The review's pages in a browser with 100 000 cases: until a case is there, until the next one is.
	cargo test --release --locked --test ui -- --ignored --nocapture heavy

review-pictures: build test-tools  ## The README's pictures of queue and case, taken anew.
	cargo test --release --locked --test ui -- --ignored the_readmes_pictures

build: setup
	cargo build --release --locked

lint: setup  ## Format and clippy.
	cargo fmt --check
	cargo clippy --release --locked --all-targets -- -D warnings

ci:  ## What is run for every change.
	.ci/run

setup:  ## Install what is missing, and only that.
	@$(call install,$(APT))
	@if ! command -v cargo >/dev/null; then \
	    echo "Installing Rust by rustup into ~/.cargo"; \
	    set -o pipefail; \
	    curl --proto '=https' --tlsv1.2 -sSf https://static.rust-lang.org/rustup/rustup-init.sh | \
	        sh -s -- -y -q --profile minimal -c clippy -c rustfmt; \
	fi
