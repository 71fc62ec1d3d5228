# `make` lists the targets. Everything lives in .venv/ and instance/; nothing outside the checkout is touched
# but Debian packages that tests need and that are missing (tools/system-packages says which).
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
TLS ?=
BIN := .venv/bin
UV := UV_SYSTEM_CERTS=1 UV_LINK_MODE=copy $(BIN)/uv
UV_VERSION := 0.13.9
# Where the surroundings forbid to keep what was compiled, every start compiles the program anew: 8 seconds instead of 3.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup setup-test run test test-postgresql check format lock bench load faults screens e2e audit translations clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

# One stamp per lock: the environment is rebuilt only when a lock changes.
.venv/uv: Makefile
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check 'uv==$(UV_VERSION)' || echo "uv cannot be had here; pip will do"
	@touch $@

define install
	@tools/install-locked $(1)
endef

.venv/run: .venv/uv requirements/run.txt pyproject.toml tools/install-locked
	$(call install,requirements/run.txt)
	@$(BIN)/python tools/translations.py compile
	@touch $@

.venv/test: .venv/run requirements/test.txt
	$(call install,requirements/test.txt)
	@touch $@

setup: .venv/run ## prepare .venv/ with pinned dependencies

setup-test: .venv/test
	@tools/system-packages

run: setup ## set everything up, load the demo company on first start, serve on http://127.0.0.1:8000
	@FIELDAPP_DEMO=1 $(BIN)/python -m fieldapp demo --if-empty
	@FIELDAPP_DEMO=1 exec $(BIN)/python -m fieldapp serve --host $(HOST) --port $(PORT) $(if $(TLS),--tls $(TLS),)

test: setup-test ## set everything up (Chromium included) and run all tests
	@$(BIN)/python tools/translations.py compile
	@$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal $(PYTEST_ARGS)

test-postgresql: setup-test ## the tests that need a database, on PostgreSQL instead of SQLite
	@$(BIN)/python tools/translations.py compile
	@$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal --database postgresql $(PYTEST_ARGS)

check: .venv/test ## format, lint, strict types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: .venv/test ## rewrite the sources in the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

e2e: setup-test ## only the tests in a real browser
	@$(BIN)/python -m pytest tests/e2e $(PYTEST_ARGS)

screens: setup-test ## screenshots of every page into docs/screens
	@$(BIN)/python tools/screens.py

bench: setup-test ## measurements, each beside the machine's own limit
	@$(BIN)/python -m benchmarks

load: setup-test ## 5,000 technicians: an ordinary minute, and their return after three days (15 minutes)
	@$(BIN)/python -m benchmarks.load

faults: setup-test ## kills, power cuts, full disks, broken lines at length; FAULTS="--share 0.1" for a tenth
	@tools/system-packages faults
	@$(BIN)/python -m tests.faults $(FAULTS)

audit: .venv/test ## known vulnerabilities in the locked dependencies
	@$(BIN)/uv tool run pip-audit --strict --disable-pip -r requirements/run.txt

translations: .venv/test ## extract texts and update the catalogues
	@$(BIN)/python tools/translations.py update

lock: .venv/uv ## pin dependencies anew
	@for name in run test; do $(UV) pip compile requirements/$$name.in --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade --override requirements/left-out.txt -o requirements/$$name.txt; done

clean: ## remove the environment (never the data in instance/)
	@rm -rf .venv dist build
