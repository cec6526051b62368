# Needs make and Python 3.11 or newer, nothing else. The first run of a target fetches packages into .venv; later runs need no network.
.DEFAULT_GOAL := help
.PHONY: help demo test lint docs docs-check bench bench-full fuzz cuts fixtures clean

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev

ifndef PYTHON
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
endif

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## scan the demo trace
	@$(BIN)/seamaudit scan --fail-on never --show-content fixtures/demo/demo.jsonl
	@echo
	@echo 'The findings are the point of the demo, so it exits 0. Without --fail-on never, as in CI, seamaudit exits 1 on findings of medium'
	@echo 'severity and above; without --show-content it masks the trace.'

test: lint docs-check ## lint, then all tests
	@$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(DEV) ## ruff, mypy --strict, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: $(DEV) ## regenerate the README's output blocks and the references in docs/
	@$(BIN)/python docs/make.py

docs-check: $(DEV) ## fail where docs are older than the code
	@$(BIN)/python docs/make.py --check

bench: $(DEV) ## the whole command beside other tools, on small recordings; growth with the length of a thread
	@$(BIN)/python bench/run.py --rounds 3 || missed=1; $(BIN)/python bench/growth.py || missed=1; exit $${missed:-0}

bench-full: $(DEV) ## the same on recordings of the sizes that the goals are set for, over every layout and disturbance
	@$(BIN)/python bench/run.py --full || missed=1; $(BIN)/python bench/growth.py --full || missed=1; exit $${missed:-0}

fuzz: $(DEV) ## 20,000 mutated lines through the whole scan, 100,000 hostile strings through every format
	@$(BIN)/python -m tests.fuzz --lines 20000
	@$(BIN)/python -m tests.fuzz.formats --strings 100000

cuts: $(DEV) ## every stream of RECORDINGS=PATH cut everywhere, and what is said of each cut
	@$(BIN)/python -m tests.fuzz.cuts $(or $(RECORDINGS),fixtures/clean)

fixtures: $(DEV) ## write all fixtures again
	@for make in fixtures/*/make.py; do $(BIN)/python $$make || exit 1; done

clean: ## remove what the targets made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@test -n '$(PYTHON)' || { echo 'seamaudit needs Python 3.11 or newer: make PYTHON=/path/to/python' >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): $(RUNTIME)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
