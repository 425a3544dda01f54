# Commands for people with make; README.md gives the plain lines behind each.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup run llm test check eval format clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

$(STAMP): pyproject.toml
	@echo "wence: creating the environment in $(VENV) and installing (several minutes the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Python 3.11 or newer is needed; set PYTHON=python3.11"; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --progress-bar off --disable-pip-version-check -e '.[dev]'
	@touch $@

setup: $(STAMP) ## create the environment and install

run: $(STAMP) ## build what is missing and serve the chat at http://127.0.0.1:7860
	@$(PY) -m app serve

llm: $(STAMP) ## serve the chat with a small demo model (fetches 1.1 GB and compiles a server the first time)
	@$(PY) -c 'import langchain_openai' 2>/dev/null || $(PY) -m pip install --progress-bar off --disable-pip-version-check -e '.[llm]'
	@$(PY) -m app.llm_demo

test: $(STAMP) ## run the test suite
	@$(PY) -m pytest

check: $(STAMP) ## format and lint checks, mypy strict, tests
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(PY) -m pytest

eval: $(STAMP) ## run the benchmark and compare with eval/baseline.json
	@$(PY) -m eval run --compare eval/baseline.json

format: $(STAMP) ## rewrite the code in the project's format
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

clean: ## delete what was built (not the environment, nor keys, feedback and shared answers)
	rm -rf build/index build/models .pytest_cache .mypy_cache .ruff_cache
