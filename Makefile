# The whole project in a few words. `make run` needs nothing but Python 3.11 or newer.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
PYTEST_ARGS ?=
# Without its caches, Python compiles all modules anew in each of the hundreds of processes of the tests.
unexport PYTHONDONTWRITEBYTECODE
WANTED := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

.PHONY: help run test test-slow test-scale coverage chaos check lint format-check types imports format bench wheel-check docs docs-site clean
.DEFAULT_GOAL := help

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

run: $(READY) ## start everything on this machine: portals to look at, workers, web server
	@exec $(BIN)/syndicator run

test: $(DEV) ## the tests that are quick
	$(BIN)/pytest -m "not slow" -n 2 --dist worksteal --max-worker-restart 0 $(PYTEST_ARGS)

test-slow: $(DEV) ## the tests that take long: chaos, soak, browsers
	@$(BIN)/pytest --collect-only -q -m slow >/dev/null 2>&1; \
	if [ $$? -eq 5 ]; then echo "no test is marked as slow"; \
	else $(BIN)/pytest -m slow $(PYTEST_ARGS); fi

test-scale: export SYNDICATOR_TEST_STORE := cluster
test-scale: $(DEV) ## a service on six Redis: servers and workers are killed, slots are moved, workers are added
	$(BIN)/pytest -m scale $(PYTEST_ARGS)
	$(BIN)/pytest -m "not scale and not embedded" tests/e2e tests/pipeline/hub $(PYTEST_ARGS)

coverage: $(DEV) ## what the quick tests run of each room: lines and branches
	$(BIN)/pytest -m "not slow" -n 2 --dist worksteal --max-worker-restart 0 --cov --cov-report=json:.coverage.json --cov-report= $(PYTEST_ARGS)
	$(BIN)/python tests/coverage_by_room.py .coverage.json

chaos: $(DEV) ## faults of all kinds for a while: SEED=1 MINUTES=10, FAULTS="kill_redis slow_link" for some of them
	CHAOS_SEED=$(SEED) CHAOS_MINUTES=$(or $(MINUTES),10) CHAOS_FAULTS="$(FAULTS)" \
	$(BIN)/pytest -m slow -s tests/e2e/crashes/test_chaos.py $(PYTEST_ARGS)

check: lint format-check types imports ## everything that is seen without running it

lint: $(DEV)
	$(BIN)/ruff check

format-check: $(DEV)
	$(BIN)/ruff format --check

types: $(DEV)
	$(BIN)/mypy

imports: $(DEV)
	$(BIN)/lint-imports

format: $(DEV) ## put the code into its form
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: $(READY) ## write the generated parts of docs/ anew
	$(BIN)/python -m syndicator.cli.reference docs

docs-site: $(READY) ## build the documentation into site/, and check its links
	@$(BIN)/python -c 'import material' 2>/dev/null || \
	{ echo "Installing MkDocs Material into $(VENV)"; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'; }
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --clean
	@echo "site/ is built. To look at it: $(BIN)/python -m http.server --bind 127.0.0.1 --directory site 8000"

bench: $(DEV) ## measure
	$(BIN)/python -m bench

wheel-check: $(READY) ## build the wheel and try it in an environment of its own
	bash .ci/wheel_check

clean: ## remove what make made; your data/ stays
	rm -rf $(VENV) build dist site *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@set -e; \
	if ! $(BIN)/python -c '$(WANTED)' 2>/dev/null; then \
	  found=; \
	  for each in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14; do \
	    if $$each -c '$(WANTED)' 2>/dev/null; then found=$$each; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "No Python 3.11 or newer with its venv module was found." >&2; \
	    echo "On Debian and Ubuntu: apt-get install python3 python3-venv" >&2; \
	    echo "Or name one: make PYTHON=/path/to/python3 run" >&2; \
	    exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$($$found --version)"; \
	  $$found -m venv --clear $(VENV); \
	fi; \
	echo "Installing what it needs into $(VENV): about a minute"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .; \
	touch $(READY)

$(DEV): $(READY)
	@echo "Installing the tools of developers into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(DEV)
