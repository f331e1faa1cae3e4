# Two commands are all that a fresh machine with Python 3.11 or newer needs: `make demo` and `make test`.
# Everything is installed into .venv, from the hashed locks in requirements/, and again when a lock changes.
# The locks name everything: nothing is resolved, so that what others publish later changes nothing.

PYTHON ?= python3
# Rows of the table of `make bench`, comma-separated; empty means all.
ROWS ?=
# `make faults QUICK=1` runs a tenth of everything; ITEMS=failovers only what has that in its name.
QUICK ?=
ITEMS ?=
# `make lock UPGRADE=1` takes newer versions; without it the locks keep what they have.
UPGRADE ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq
# Two to four workers: each one that needs PostgreSQL starts its own.
PYTEST := $(BIN)/python -m pytest -q
WORKERS := -n logical --maxprocesses 4 --dist worksteal
# Rooms where every branch must be covered.
COVERED := */timebank/ledger/*,*/timebank/policy/*,*/timebank/care/*,*/timebank/matching/*,*/timebank/translog/*
UV_COMPILE := uv pip compile -q --no-config --universal --generate-hashes --no-emit-index-url --no-header \
	--python-version 3.11 $(if $(UPGRADE),--upgrade)

# What a surrounding shell may have set must not decide which modules we see.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test lint types docs bench faults cluster lock wheel clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.run ## See a branch at work: embedded database, no server
	@$(BIN)/timebank demo

test: $(VENV)/.dev ## Run the whole suite, PostgreSQL included, and check coverage of the core
	@$(PYTEST) $(WORKERS) --cov --cov-report=
	@$(BIN)/coverage report --include='$(COVERED)' --fail-under=100

lint: $(VENV)/.dev ## Check style, formatting and who imports whom
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-logo

types: $(VENV)/.dev ## Check types
	@$(BIN)/mypy

docs: $(VENV)/.dev ## Write from the program: docs/cli.md, errors.md, settings.md, openapi.json, what databases should hold
	@$(BIN)/python -m timebank.cli.reference
	@$(BIN)/python -m timebank_api.configuration
	@$(BIN)/python -m timebank_api.reference
	@$(BIN)/python -m tests.client_source
	@$(BIN)/python -m tests.catalogue

bench: $(VENV)/.dev ## Measure against peers and ceilings (make bench ROWS=startup for some)
	@$(BIN)/python -m benchmarks.run $(if $(ROWS),--rows $(ROWS))

faults: $(VENV)/.dev ## Kill processes, servers and machines; the books must hold (make faults QUICK=1 for a tenth)
	@$(BIN)/python -m tests.faults $(if $(QUICK),--quick) $(if $(ITEMS),--only '$(ITEMS)')

cluster: $(VENV)/.dev ## Start three PostgreSQL nodes under Patroni to try things on, until Ctrl-C
	@$(BIN)/python -m tests.faults.cluster

lock: $(VENV)/.dev ## Write the hashed locks anew (UPGRADE=1 for newer versions)
	@cd requirements && for name in build run dev; do \
		../$(BIN)/$(UV_COMPILE) $$name.in -o $$name.txt || exit 1; \
	done

wheel: $(VENV)/.dev ## Build the wheel into dist/
	@rm -rf dist
	@$(BIN)/python -m hatchling build -t wheel -d dist

clean: ## Remove everything that was made, .venv included
	@rm -rf $(VENV) build dist htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- The environment: stamps in .venv say what is installed ------------------------------------------

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "timebank needs Python 3.11 or newer, and '$(PYTHON)' is not; name one, like this: make demo PYTHON=python3.12" >&2; \
		exit 1; }
	@echo "Making $(VENV) (once)" >&2
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
		echo "'$(PYTHON) -m venv' did not work; on Debian and Ubuntu it needs the package python3-venv." >&2; exit 1; }
	@touch $@

$(VENV)/.run: requirements/run.txt requirements/build.txt pyproject.toml | $(VENV)/.made
	@echo "Installing what timebank needs into $(VENV)" >&2
	@$(PIP) install --no-deps --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing what its tests need into $(VENV)" >&2
	@$(PIP) install --no-deps --require-hashes -r requirements/dev.txt
	@touch $@
