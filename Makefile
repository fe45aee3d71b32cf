# make run · make test · make ui · make bench · make check      Each sets up all it needs in a private .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 1

.PHONY: run test test-all check ui bench lint types venv venv-dev clean

run: venv ## photographs -> trained, compared, tracked, registered colorizers
	@$(BIN)/python -m pipelines.run --jobs $(JOBS)

ui: venv ## the dashboard and MLflow's UI on 127.0.0.1
	@$(BIN)/python -m dashboards.ui

test: venv-dev ## ruff, mypy --strict, pytest, a headless browser
	@./scripts/browser.sh
	$(MAKE) --no-print-directory lint types
	$(BIN)/python -m pytest -q -n auto --durations=10 -m "not long"

test-all: venv-dev ## also simulations of minutes, and what runs again on PostgreSQL-backed servers
	@./scripts/browser.sh
	$(MAKE) --no-print-directory lint types
	$(BIN)/python -m pytest -q -n auto --durations=10

check: venv-dev ## the quick part, a few minutes
	$(MAKE) --no-print-directory lint types
	$(BIN)/python -m pytest -q -n auto -m "not slow and not browser and not long"

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

bench: venv-dev ## side-by-side measurements, one table each
	@for file in benchmarks/[a-z]*.py; do name=$$(basename $$file .py); \
	  grep -q '__main__' $$file || continue; echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

venv:
	@PYTHON="$(PYTHON)" ./scripts/venv.sh

venv-dev:
	@PYTHON="$(PYTHON)" ./scripts/venv.sh dev

clean: ## forget every output; photographs, votes and the registry stay
	rm -rf work .mypy_cache .ruff_cache .pytest_cache
