# The one door. Works with GNU make and BSD make; everything else is in scripts and in rust/.

CARGO = cargo
RUST = --manifest-path rust/Cargo.toml
LAB = $(CARGO) run $(RUST) -q --release -p mptcp-lab --bin mptcp-lab --
# Needs cargo-fuzz and a nightly compiler: cargo install cargo-fuzz; rustup toolchain install nightly
FUZZ = $(CARGO) +nightly fuzz
# Length of each fuzz target's run, in seconds, and seeds of `make sim`.
FUZZ_SECONDS = 600
SEEDS = 0..100000
# FreeBSD source tree of `make test-kernel`; needed the first time.
SRC =
# Needs cargo-mutants: cargo install cargo-mutants. Files below rust/; MUTANTS_ARGS come last (README-Testing).
MUTANTS_FILES = core/src/pm/** core/src/sched/**
MUTANTS_ARGS =
# Needs cargo-llvm-cov: cargo install cargo-llvm-cov. Options of tools/coverage.
COVERAGE_ARGS =

help:
	@echo 'make demo          two paths, one connection: with the Linux kernel as root, simulated otherwise'
	@echo 'make test          every test, and a summary of what passed and what was skipped'
	@echo 'make lint          format, clippy, documentation'
	@echo 'make check-kernel  the gates for the kernel part (symbols, stack, headers)'
	@echo 'make test-kernel SRC=DIR   the kernel in virtual machines, from a FreeBSD source tree'
	@echo 'make bench         benchmarks'
	@echo 'make fuzz          each fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS)'
	@echo 'make sim           the simulator over SEEDS=$(SEEDS)'
	@echo 'make mutants       changes MUTANTS_FILES line by line, and says which changes no test sees'
	@echo 'make coverage      how much of core its tests run, file by file'
	@echo 'make clean         remove what was built'

demo:
	@tools/setup-debian || echo 'going on with what works without'
	@$(CARGO) build $(RUST) --release -p mptcp-lab --bin mptcp-lab
	@$(LAB) demo --out target/demo

test:
	@tools/setup-debian --tests || echo 'going on with what works without; the summary says what was skipped for it'
	@tools/run-tests

lint:
	$(CARGO) fmt $(RUST) --all --check
	$(CARGO) clippy $(RUST) --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc $(RUST) --workspace --no-deps --document-private-items

check-kernel:
	tools/check-kernel

test-kernel:
	@tools/setup-debian --kernel
	@if [ -n '$(SRC)' ]; then tools/guest --src '$(SRC)' test; else tools/guest test; fi

bench:
	$(CARGO) bench $(RUST) -p mptcp-wire -p mptcp-core --features mptcp-core/testing

fuzz:
	cd rust/fuzz && for target in $$($(FUZZ) list); do \
		$(FUZZ) run $$target -- -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done

sim:
	$(LAB) sim --seeds $(SEEDS)

mutants:
	cd rust && set -f && for file in $(MUTANTS_FILES); do set -- "$$@" --file "$$file"; done && \
		$(CARGO) mutants -p mptcp-core -o target "$$@" $(MUTANTS_ARGS)

coverage:
	@tools/coverage $(COVERAGE_ARGS)

clean:
	rm -rf target rust/target rust/fuzz/target

.PHONY: help demo test lint check-kernel test-kernel bench fuzz sim mutants coverage clean
