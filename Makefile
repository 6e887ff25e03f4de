# One door for everyone: `make help` lists what can be done. A fresh machine needs Python 3.11 or newer, nothing else.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11 python,\
	$(if $(shell $(p) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(p))))
VENV ?= .venv
BIN := $(VENV)/bin
DIR ?= demo-data
JOBS ?= auto
ARGS ?=

CATALOGUES := $(shell find src -name '*.po')
HTML := $(shell find src -name '*.html')
BUILT_FROM := pyproject.toml hatch_build.py src/nengtan/__init__.py

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo serve install dev test test-sqlite test-postgres lint format bench docs lock messages extract clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: install ## Set up, build the demonstration district and serve it (DIR=where its data lives)
	$(BIN)/nengtan demo --dir "$(DIR)"

serve: install ## Serve what DIR holds already
	$(BIN)/nengtan serve --dir "$(DIR)"

install: $(VENV)/.run $(VENV)/.messages ## Create the environment and install what the platform runs on
dev: $(VENV)/.dev $(VENV)/.messages ## Install what the tests, checks and documentation need as well

test: test-sqlite test-postgres ## Set up and run the whole test suite; absent parts are skipped with their reason

test-sqlite: dev ## Run every test, on SQLite (ARGS=passed to pytest)
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

test-postgres: dev ## Run every test that touches the database again, on PostgreSQL
	$(BIN)/python -m pytest -n $(JOBS) --db postgres $(ARGS)

lint: dev ## Check format, style, types, the order of the rooms and the templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(if $(HTML),$(BIN)/djlint --quiet --lint src)
	NENGTAN_SECRET_KEY=types-only $(BIN)/mypy

format: dev ## Put code into the agreed form
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

bench: dev ## Run the benchmarks and print their tables (ARGS=passed on)
	$(BIN)/python -m benchmarks $(ARGS)

docs: dev ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lock: $(BIN)/python ## Lock the newest versions that fit (needs a package index; LOCKARGS=--upgrade)
	@$(BIN)/uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet \
		--extra dev --extra docs $(LOCKARGS) -o requirements/dev.lock.txt pyproject.toml requirements/build.in
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet \
		--constraints requirements/dev.lock.txt $(LOCKARGS) -o requirements/lock.txt pyproject.toml requirements/build.in

messages: ## Compile the translations (*.po into *.mo)
	@rm -f $(VENV)/.messages
	@$(MAKE) --no-print-directory $(VENV)/.messages

extract: dev ## Collect new texts of every room into its catalogue (needs GNU gettext)
	@for room in $(patsubst src/nengtan/%/locale/,src/nengtan/%,$(wildcard src/nengtan/*/locale/)); do \
		(cd $$room && "$(abspath $(BIN))/django-admin" makemessages -l zh_Hans --no-location --no-obsolete -v 0) || exit 1; \
	done

clean: ## Remove what was built; keeps demo-data
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src -name '*.mo' -delete

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: none was found on PATH."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/lock.txt $(BUILT_FROM) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/lock.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.lock.txt $(VENV)/.run | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.lock.txt
	@touch $@

$(VENV)/.messages: $(CATALOGUES) $(VENV)/.run
	$(BIN)/python hatch_build.py
	@touch $@
