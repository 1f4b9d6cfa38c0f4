# The commands of the project. `make` alone lists them.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
LOCKS := deploy/uv.txt deploy/requirements.txt
PACKAGES := contracts deploy/stack services/chassis services/crm-service services/erp-service services/sync-gateway
# The first sufficiently new Python on the PATH.
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
# Tests share the machine with the servers that they start: two processes for two cores.
AT_ONCE ?= 2
# These tests start or kill the whole product: they run in one process, because they share it.
PRODUCT := tests/e2e tests/faults
# These need Node and the generators of clients, which `make test-clients` installs.
CLIENTS := tests/clients
GENERATORS := contracts/generators
GENERATED := $(GENERATORS)/.ready
PARTS := $(addprefix --ignore=,$(PRODUCT) $(CLIENTS))
# Where bytecode is not written, each process of a test or of the product compiles all modules again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run token secrets test test-parts test-product test-clients test-fast test-long bench story messages check format lock contracts \
	clients clean environment

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## Start all services with their databases and broker; Ctrl-C stops them
	@exec $(PY) -m stack run

token: $(READY) ## Print a token (make -s token); SCOPES, ROLES, SUBJECT, TENANT and AUDIENCE (crm) set its claims
	@exec $(PY) -m stack token

secrets: $(READY) ## Create missing passwords and keys of the containers in deploy/secrets
	@exec $(PY) -m stack secrets deploy/secrets

test: $(READY) ## Run all tests; they start their own PostgreSQL and Kafka
	@$(MAKE) -j 2 test-product test-parts

test-product: $(READY)
	$(PY) -m pytest -s -m "not long" $(PRODUCT)

# The tests of the product wait most of the time, with limits: the others run meanwhile, at a lower priority. Their output
# is printed as a whole when they are done.
test-parts: $(READY)
	@output=$$(mktemp) && trap 'rm -f "$$output"' EXIT && { \
	nice -n 5 $(PY) -m pytest -n $(AT_ONCE) --dist loadfile -m "not faults and not long" $(PARTS) >"$$output" 2>&1; ended=$$?; \
	cat "$$output"; exit $$ended; }

test-long: $(READY) ## Run the fault tests that take minutes: restores, lost logs, frozen and killed processes, hostile input
	$(PY) -m pytest -s -m long $(PRODUCT) tests/contracts

test-clients: $(READY) $(GENERATED) ## Generate clients, compile them strictly and run a story through them (needs Node 20)
	$(PY) -m pytest -s $(CLIENTS)

test-fast: $(READY) ## Run the tests that need no server
	$(PY) -m pytest -n $(AT_ONCE) --dist loadfile -m "not servers and not faults" $(PARTS)

bench: $(READY) ## Measure every part beside what it is compared with, and write tests/bench/RESULTS.md
	$(PY) -m tests.bench

story: $(READY) ## Run Northwind's orders from quote to payment, or with CASE=sales from lead to won deal; print the figures
	$(PY) -m tests.story $(CASE)

messages: $(READY) ## Update the message catalogues from the code; what is new is to be translated
	$(PY) -m tests.messages write

check: $(READY) ## Lint, types, import rules, migrations, contracts
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	@# One at a time, each from its own folder, because their tests and migrations have the same names.
	@set -e; for each in $(PACKAGES); do echo "mypy $$each"; MYPYPATH=$$each $(VENV)/bin/mypy $$each; done
	$(VENV)/bin/mypy tests deploy/kafka
	$(VENV)/bin/lint-imports
	$(PY) -m stack check-migrations
	$(PY) -m contracts check
	$(PY) -m tests.messages check

format: $(READY) ## Format the code and fix what can be fixed
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

contracts: $(READY) ## Generate the JSON Schemas, the API documents and the scopes from the code
	$(PY) -m contracts generate

clients: $(READY) $(GENERATED) ## Generate clients for TypeScript and Python in contracts/clients (needs Node 20)
	@$(PY) -m contracts clients

lock: $(READY) ## Resolve deploy/*.in and each jgo.toml again; UPGRADE=--upgrade selects the newest versions
	cd deploy && ../$(VENV)/bin/uv pip compile $(UPGRADE) --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate uv.in -o uv.txt
	cd deploy && ../$(VENV)/bin/uv pip compile $(UPGRADE) --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header requirements.in -o requirements.txt
	cd $(GENERATORS) && ../../$(VENV)/bin/uv pip compile $(UPGRADE) --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate python.in -o python.txt
	cd $(GENERATORS) && npm install --package-lock-only --silent
	$(PY) deploy/kafka/lock.py deploy/kafka/jgo.toml deploy/mail/jgo.toml tests/bench/connect/jgo.toml

clean: ## Remove the environment and the files of tools; .data stays
	rm -rf $(VENV) $(GENERATORS)/.venv $(GENERATORS)/node_modules $(GENERATED) contracts/clients .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

environment: $(READY) ## Create or update the Python environment in .venv

# All output goes to standard error, so that `make -s token` prints only a token. The stamp is
# written last: an interrupted environment is completed by the next call.
$(READY): $(LOCKS) $(PACKAGES:%=%/pyproject.toml)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later was not found: install it, or set PYTHON." >&2; exit 1; }
	@echo "Preparing the Python environment in $(VENV)" >&2
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV) >&2
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/uv.txt >&2
	@VIRTUAL_ENV=$(VENV) $(VENV)/bin/uv pip sync --compile-bytecode --require-hashes deploy/requirements.txt >&2
	@VIRTUAL_ENV=$(VENV) $(VENV)/bin/uv pip install --quiet --no-deps --no-build-isolation \
		$(PACKAGES:%=-e %) >&2
	@touch $@

$(GENERATED): $(READY) $(GENERATORS)/package-lock.json $(GENERATORS)/python.txt
	@command -v npm >/dev/null || { echo "npm was not found: install Node 20 or later." >&2; exit 1; }
	@echo "Installing the generators of clients in $(GENERATORS)" >&2
	@cd $(GENERATORS) && npm ci --silent >&2
	@cd $(GENERATORS) && ../../$(VENV)/bin/uv venv --quiet --allow-existing --python ../../$(PY) .venv >&2
	@cd $(GENERATORS) && VIRTUAL_ENV=.venv ../../$(VENV)/bin/uv pip sync --quiet --require-hashes python.txt >&2
	@touch $@
