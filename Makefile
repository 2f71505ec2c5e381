# Serment. `make` alone prints this help.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup run test check check-fast fix bench faults screenshots catalogue clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
S ?=
DRIVER ?=

help: ## Print this help
	@awk 'BEGIN {FS = ":.*## "; print "Usage: make TARGET\n"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use
setup: $(READY) ## Make the virtual environment from the lock
run: $(READY) ## Start everything on this machine and play the story (Ctrl-C ends it)
	@exec $(BIN)/serment up $(ARGS)

##@ Prove
test: check $(READY) ## Pass every check and test; S=records for one part, DRIVER=pymongo for the other MongoDB driver
	@DRIVER=$(DRIVER) $(BIN)/python -m $(if $(S),pytest tests/$(S),tests.halves)
check: $(READY) ## Format, lint, types, import contracts, architecture, locks, licences, generated docs
	@$(BIN)/python -m checks
check-fast: $(READY) ## Format and lint only
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
faults: $(READY) ## The long fault campaigns
	@SERMENT_CAMPAIGN=long $(BIN)/pytest tests/faults tests/audit/test_sequencing.py
screenshots: $(READY) ## Photograph every page of what `make run` has started, in .screenshots/
	@$(BIN)/python -m tests.browser.screenshots $(ARGS)
bench: $(READY) ## Measure the claims of docs/performance.md; B=read, B=withdrawal, B=start, B=decision or B=pages for some rows
	@$(BIN)/python -m bench $(if $(B),$(B),read withdrawal start decision pages)

##@ Work
fix: $(READY) ## Format, and mend what can be mended by itself
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .
catalogue: $(READY) ## Generate the catalogues under docs/
	@$(BIN)/python -m catalogue
clean: ## Remove the environment, the servers and the data of this folder
	rm -rf $(VENV) .tools .serment .screenshots .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "serment: $(PYTHON) was not found: install Python 3.11 or newer, or name it with PYTHON=."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "serment: Python 3.11 or newer is needed; name one with PYTHON=."; exit 1; }
	@echo "Making the virtual environment; the first time takes about a minute."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "serment: the environment could not be made; on Debian install python3-venv."; exit 1; }
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-uv.lock || { echo "serment: the packages could not be fetched: is the network there? Then run make again."; exit 1; }
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock || { echo "serment: the packages could not be fetched: is the network there? Then run make again."; exit 1; }
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)
