# `make demo` and `make test` need Python 3.11 or newer and nothing else; the first run installs into $(VENV).
VENV ?= .venv
PYTHON ?= python3
WORKERS ?= 2

BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

.PHONY: help install browser demo test lint format bench

help:
	@echo "make demo     a sweep on the embedded world: train, score, compare; no download of data, no GPU"
	@echo "make test     lint, types and every test"
	@echo "make lint     ruff and mypy alone"
	@echo "make format   let ruff format the code"
	@echo "make bench    the benchmarks"
	@echo "make install  the environment alone, in $(VENV)"
	@echo "make browser  Debian's Chromium, which the report is tested in (as root; without it those tests are skipped)"

install: $(INSTALLED)

browser:
	command -v chromium || { apt-get update && apt-get install --yes --no-install-recommends chromium; }

demo: $(INSTALLED)
	$(BIN)/xlt demo

lint: $(INSTALLED_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Ray tests share one worker (see tests/conftest.py), so that there is one cluster at a time.
test: lint
	$(BIN)/python -m pytest -m "" -n $(WORKERS) --dist loadgroup

format: $(INSTALLED_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED_DEV)
	$(BIN)/python benchmarks/train_throughput.py
	$(BIN)/python benchmarks/sweep_overhead.py
	$(BIN)/python -m benchmarks.perturbation_cost

$(INSTALLED): $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) -e .
	@touch $@

$(INSTALLED_DEV): $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) -e ".[dev]"
	@touch $(INSTALLED) $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, and \
	$(PYTHON) is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
