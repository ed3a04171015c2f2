# Everything that one does with a clone. `make` alone lists the commands.
# uv is used where it is on PATH, plain pip otherwise; .venv is made once and reused until the lock changes.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
UV := $(shell command -v uv 2>/dev/null)

.PHONY: help tour lab test soak bench lint setup lock clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1|\2/' | column -t -s '|'

tour: $(READY) ## run the first notebooks headless and print what they found
	@$(BIN)/boathouse tour

lab: $(READY) ## open JupyterLab on the notebooks
	@$(BIN)/boathouse lab

test: $(READY) ## run all tests, long ones in their short form
	$(BIN)/python -m pytest

soak: $(READY) ## run all tests, long ones in full
	BOATHOUSE_SOAK=1 $(BIN)/python -m pytest --timeout 1800

bench: $(READY) ## run every benchmark: a table each, and one JSON line
	@for script in tests/bench/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

lint: $(READY) ## style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyrefly check
	$(BIN)/lint-imports

setup: $(READY) ## make .venv with all that tests and benchmarks need

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Boathouse needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
ifdef UV
	@test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) .venv
	@uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
else
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endif
	@touch $@

lock: ## write requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock

clean: ## remove the environment and what runs left behind
	rm -rf .venv out build dist .pytest_cache .ruff_cache .hypothesis
