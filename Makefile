# Everything runs in .venv, which `make setup` makes. `make help` lists the targets.

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
# What `make docs` alone needs is not among them.
REQUIREMENTS := requirements.txt requirements-dev.txt constraints.txt agent/pyproject.toml
# The agent is used where it stands, so that a change of it needs no new install.
EDITABLE := --config-settings editable_mode=compat
HEROKU_CLI_VERSION := 11.10.0
HEROKU_CLI_FOLDER := .cache/heroku-cli
HEROKU_CLI := $(CURDIR)/$(HEROKU_CLI_FOLDER)/node_modules/.bin/heroku
HEROKU_CLI_STAMP := $(HEROKU_CLI_FOLDER)/.installed-$(HEROKU_CLI_VERSION)
PYTEST := $(PY) -m pytest
# Tests of processes mostly wait for the next period, so there are more workers than
# cores; each worker collects all tests, so there are not many more. Files are taken in
# the order of the command line, so that the longest do not begin last.
IN_PARALLEL := -n 4 --dist loadfile --no-loadscope-reorder
# What the caller's shell says of another Python is not for ours. Without bytecode,
# each of the hundreds of processes of the tests would compile the project anew.
unexport PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE

# Each is run, because the shims of pyenv exist for versions that do not.
PYTHONS := python3.13 python3.12 python3.11 python3 python
SUITABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-unit test-integration test-acceptance \
	test-agent test-local-heroku test-deep mutants coverage simulate test-heroku-cli chaos \
	fuzz lint types format docs clean
.DELETE_ON_ERROR:

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## Make .venv and install what requirements-dev.txt names

demo: $(STAMP) ## See everything work, without a Heroku account (DEMO_SECONDS=60)
	@$(PY) -m demo

run: $(STAMP) ## Run beat and worker here, against the real Heroku
	@$(PY) -m devtools.run

ALL_TESTS := tests/acceptance agent/tests local_heroku/tests tests/integration tests/unit

test: $(STAMP) ## Run the tests, but for those of test-deep and of the Heroku CLI
	$(PYTEST) $(IN_PARALLEL) -m "not deep" $(ALL_TESTS)

test-deep: $(STAMP) ## Run what takes long: waits, many seeds, 500 examples of each property
	$(PYTEST) $(IN_PARALLEL) --hypothesis-profile=deep -m "hypothesis or deep" $(ALL_TESTS)

# Per cent of the branches and lines of scalar/core and scalar/service.
COVERED := 99

coverage: $(STAMP) ## Report the branches that unit and integration tests take
	@rm -rf .cache/coverage
	COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml \
		$(PYTEST) $(IN_PARALLEL) tests/integration tests/unit
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report
	@$(PY) -m coverage report --fail-under=$(COVERED) --show-missing \
		--include='scalar/core/*,scalar/service/*'

test-unit: $(STAMP) ## Run the tests that need no server
	$(PYTEST) tests/unit

test-integration: $(STAMP) ## Run the tests with real Redis, PostgreSQL and HTTP
	$(PYTEST) $(IN_PARALLEL) tests/integration

test-acceptance: $(STAMP) ## Run the tests with real beat and worker processes
	$(PYTEST) $(IN_PARALLEL) tests/acceptance

test-agent: $(STAMP) ## Run the agent's tests (RABBITMQ_ROOT=folder for those of RabbitMQ)
	$(PYTEST) $(IN_PARALLEL) agent/tests

test-local-heroku: $(STAMP) ## Run the local Heroku's own tests
	$(PYTEST) $(IN_PARALLEL) local_heroku/tests

test-heroku-cli: $(STAMP) $(HEROKU_CLI_STAMP) ## Drive the local Heroku with the real Heroku CLI (needs npm)
	HEROKU_CLI=$(HEROKU_CLI) $(PYTEST) local_heroku/tests/test_heroku_cli.py

mutants: $(STAMP) ## See that a test notices each deliberate fault (5 minutes)
	@$(PY) -m mutants

SEEDS ?= 1..1000

simulate: $(STAMP) ## Run the service under virtual time, a run for each seed (SEEDS=1..1000)
	@$(PY) -m simulation --seeds $(SEEDS)

CHAOS_SEEDS := 1 2 3

chaos: $(STAMP) ## Run the whole system under faults, three seeds in a row (10 to 20 minutes each)
	@set -e; for seed in $(CHAOS_SEEDS); do $(PY) -m chaos --seed $$seed; done

FUZZ_VENV := .cache/fuzz-venv
FUZZ_SECONDS ?= 60

fuzz: $(STAMP) ## Fuzz what reads the texts of others (FUZZ_SECONDS=60 for each)
	@test -x $(FUZZ_VENV)/bin/python || $(PY) -m venv $(FUZZ_VENV)
	@$(FUZZ_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-fuzz.txt
	@for target in answers fleet policies urls; do \
		$(FUZZ_VENV)/bin/python -m fuzz $$target --seconds $(FUZZ_SECONDS) || exit 1; done

lint: $(STAMP) ## Check style and formatting
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(STAMP) ## Check the types
	$(PY) -m mypy

format: $(STAMP) ## Format the code, and mend what can be mended
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

docs: $(STAMP) ## Draw the plots of docs/policies.md
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	@$(PY) docs/plot_policies.py

clean: ## Remove .venv, caches, and what was downloaded; .data stays
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp comes last, so that a half-finished install is tried again.
$(STAMP): $(REQUIREMENTS)
	@set -e; \
	if ! $(PY) -c '$(SUITABLE)' >/dev/null 2>&1; then \
		found=; \
		for python in $(PYTHONS); do \
			if $$python -c '$(SUITABLE)' >/dev/null 2>&1; then found=$$python; break; fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo "No Python 3.11, 3.12 or 3.13 with venv found (tried $(PYTHONS)). Install one, and put it on PATH." >&2; \
			exit 1; \
		fi; \
		echo "Making $(VENV) with $$($$found --version)"; \
		rm -rf $(VENV); \
		$$found -m venv $(VENV); \
	fi; \
	echo "Installing what requirements-dev.txt names"; \
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt; \
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps $(EDITABLE) -e agent; \
	touch $@

$(HEROKU_CLI_STAMP):
	@command -v npm >/dev/null || { echo "npm is missing; install Node.js 20 or newer." >&2; exit 1; }
	@echo "Installing the Heroku CLI $(HEROKU_CLI_VERSION) into $(HEROKU_CLI_FOLDER)"
	@mkdir -p $(HEROKU_CLI_FOLDER)
	@npm install --prefix $(HEROKU_CLI_FOLDER) --no-audit --no-fund --loglevel=error --silent heroku@$(HEROKU_CLI_VERSION)
	@touch $@
