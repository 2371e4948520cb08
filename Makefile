# Each target installs what it needs: python3 with venv, and make, suffice.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := src tests benchmarks
INSTALLED := $(VENV)/.installed

.PHONY: run test lint laws bench bench-server bench-years screenshots lock clean

run: $(INSTALLED)          ## the demo: ten years of made-up messages, end to end
	$(BIN)/sealwax demo

test: $(INSTALLED)         ## every test that finishes in minutes
	$(BIN)/python -m pytest

lint: $(INSTALLED)         ## style, types and the layers of the house
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

laws: $(INSTALLED)         ## the laws of merging with 100,000 cases each, and other long runs
	SEALWAX_LAWS=long $(BIN)/python -m pytest -m "long or laws"

bench: $(INSTALLED)        ## time, bytes and memory
	$(BIN)/python -m benchmarks

bench-server: $(INSTALLED) ## what the server takes, next to one encrypted record a row
	$(BIN)/python -m benchmarks.server

DAYS ?= 365
bench-years: $(INSTALLED)  ## what years of live messages leave behind: DAYS=3650 are ten years
	$(BIN)/python -m benchmarks.years --days $(DAYS)

screenshots: $(INSTALLED)  ## each screen of the web app, light and dark, narrow and wide, into screenshots/
	$(BIN)/python -m benchmarks.screenshots screenshots

lock: $(INSTALLED)         ## resolve the dependencies anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate \
	  --python-version 3.11 --extra dev --extra browser pyproject.toml -o requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	  -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
