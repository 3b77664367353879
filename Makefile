# `make demo` and `make test` install what is missing, build and run; on Debian they need git, make and curl only.

SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH)

APT := gcc libc6-dev pkg-config libclang-dev libavcodec-dev libavformat-dev libavutil-dev libswscale-dev \
       libswresample-dev ffmpeg fonts-dejavu-core
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo test bench build lint setup ci

demo: build  ## Show it: tombstones and re-uploads. VIDEOS=dir takes your own videos.
	@samples/demo.sh $(if $(VIDEOS),"$(VIDEOS)")

test: setup  ## All tests.
	cargo test --release --locked

bench: build  ## The tables of speed in the README.
	cargo bench --locked --bench speed
	cargo bench --locked --bench index_scale

build: setup
	cargo build --release --locked

lint: setup  ## Format and clippy.
	cargo fmt --check
	cargo clippy --release --locked --all-targets -- -D warnings

ci:  ## What is run for every change.
	.ci/run

setup:  ## Install what is missing, and only that.
	@missing=$$(for p in $(APT); do \
	    dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	    command -v apt-get >/dev/null || { echo "Please install what Debian calls:" $$missing >&2; exit 1; }; \
	    echo "Installing by apt:" $$missing; \
	    $(SUDO) apt-get update -q && \
	    DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -qy --no-install-recommends $$missing; \
	fi
	@if ! command -v cargo >/dev/null; then \
	    echo "Installing Rust by rustup into ~/.cargo"; \
	    set -o pipefail; \
	    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | \
	        sh -s -- -y -q --profile minimal -c clippy -c rustfmt; \
	fi
