# Tiercel's workshop. Every target works as the first command after a clone, on a machine with
# Python 3.11 or newer, git and make: the environment in .venv is built when a target needs it.
# `make` alone lists the targets.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
UV_VERSION := 0.13.8
BIN := .venv/bin
READY := .venv/.installed
UV := $(BIN)/uv
MEMBERS := core $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
METADATA := pyproject.toml $(MEMBERS:%=%/pyproject.toml)
# How many tests run at once. Work for one test that must not share the machine: `-n 0`.
WORKERS ?= 2

# A slow mirror is no reason to fail: wait as long as pip would be told to.
export UV_HTTP_TIMEOUT ?= 180
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

.PHONY: help run test test-slow lint types fmt fix docs bench conformance check lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-13s %s\n", $$1, $$2}'

run: $(READY) ## Run the getting-started flow against a local products API and show its table
	@$(BIN)/python examples/run_getting_started.py

test: $(READY) ## Run every test that takes less than a minute
	$(BIN)/pytest -q -n $(WORKERS) --dist loadgroup -m "not slow" $(ARGS)

test-slow: $(READY) ## Run the long tests: fuzzing, many orders, wheels in an empty environment
	$(BIN)/pytest -q -n $(WORKERS) --dist loadgroup -m slow --timeout 600 $(ARGS)

lint: $(READY) ## Check style, formatting and who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(READY) ## Check types (mypy, strict)
	$(BIN)/mypy

fmt: $(READY) ## Format the code
	$(BIN)/ruff format

fix: $(READY) ## Mend what the linter can mend, then format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(READY) ## Build the documentation into site/; a warning is an error
	@rm -rf docs/reference/plugins
	$(BIN)/tiercel plugins docs docs/reference/plugins
	$(BIN)/zensical build --strict --clean

bench: $(READY) ## Measure, each figure beside its floor (ONLY=start picks one benchmark)
	$(BIN)/python benchmarks/run.py $(ONLY)

conformance: $(READY) ## Compare with Kestra's recorded behaviour (DIR=folder tries other cases)
	$(BIN)/python tests/conformance/run.py $(DIR) $(ARGS)

check: ## What CI runs
	./.ci/run

lock: $(READY) ## Resolve the dependencies anew into requirements.lock (ARGS=--upgrade moves the pins)
	$(UV) pip compile --python $(BIN)/python --universal --python-version 3.11 --quiet \
		--all-extras --group dev --generate-hashes --no-header --no-annotate --no-emit-index-url \
		$(foreach member,tiercel $(MEMBERS:plugins/%=tiercel-%),--no-emit-package $(member:core=tiercel-core)) \
		$(ARGS) $(METADATA) -o requirements.lock

clean: ## Remove caches and build results; the environment in .venv stays
	rm -rf build dist out site docs/reference/plugins .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

# The lock pins every third-party package by hash; the members come from this clone.
$(READY): requirements.lock $(METADATA)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"Tiercel needs Python 3.11 or newer, {sys.executable} is {sys.version.split()[0]}: make PYTHON=/path/to/python3.11")'
	@echo "Bootstrap: building .venv (Python environment, locked packages, Tiercel itself); about a minute, once"
	@test -x $(BIN)/python || { echo "  1/4 $(PYTHON) -m venv .venv"; $(PYTHON) -m venv .venv; }
	@test "$$($(UV) --version 2>/dev/null | cut -d' ' -f2)" = $(UV_VERSION) \
		|| { echo "  2/4 pip install uv==$(UV_VERSION)"; $(BIN)/python -m pip install --quiet uv==$(UV_VERSION); }
	@echo "  3/4 packages of requirements.lock"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@echo "  4/4 $(words $(MEMBERS)) workspace members, editable: $(MEMBERS)"
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(MEMBERS:%=-e %)
	@touch $@
