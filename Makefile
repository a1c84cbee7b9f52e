# Every target of the project; `make` alone lists them. Needs Python 3.11 to 3.13, and nothing else;
# `make test-clients` needs Node 20 or later and npm too.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PARITY := .venv-parity
CLIENTS := .venv-clients
TORCH := torch==2.13.0
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-long coverage mutants chaos check format lint types layers test-fast test-clients parity docs bench bench-engine bench-advice bench-horizons bench-search lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/run.stamp ## create .venv with the command .venv/bin/stepsize

demo: $(VENV)/run.stamp ## run the example job on a server of its own and print the recommendation
	@$(BIN)/python examples/demo.py

serve: $(VENV)/run.stamp ## run the service on SQLite, at http://127.0.0.1:8000
	$(BIN)/stepsize serve

test: $(VENV)/dev.stamp ## set up and run every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

coverage: $(VENV)/dev.stamp ## run the fast tests and show the lines and branches that none of them runs
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow" --cov --cov-report=term

mutants: $(VENV)/dev.stamp ## change 200 random expressions and count the changes that the fast tests notice (hours)
	$(BIN)/python -m scripts.mutation --count 200

test-long: chaos ## the tests that take long: for nights, and before a release
	STEPSIZE_SCHEMATHESIS_S=600 $(BIN)/python -m pytest -n 0 -v tests/acceptance/test_schemathesis.py

# The same tests that `make test` runs in short form. STEPSIZE_CHAOS_SEED chooses other moments.
chaos: export STEPSIZE_CHAOS_ROUNDS ?= 100
chaos: export STEPSIZE_CHAOS_JOBS ?= 1000
chaos: export STEPSIZE_CHAOS_OUTAGE_S ?= 20
chaos: export STEPSIZE_CHAOS_FROZEN_S ?= 60
chaos: $(VENV)/dev.stamp ## kill, freeze, fill and cut off real processes for half an hour
	$(BIN)/python -m pytest -n 0 -v tests/acceptance/test_chaos.py tests/acceptance/test_outage.py \
		tests/acceptance/test_frozen.py tests/acceptance/test_disk_full.py tests/acceptance/test_fairness.py

check: format lint types layers ## format, lint, types and layers

format: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

layers: $(VENV)/dev.stamp
	$(BIN)/lint-imports

test-fast: $(VENV)/dev.stamp ## run the tests without real processes and long runs
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow"

# Clients made from the OpenAPI document, in Python and TypeScript, on a real server; and a linter of such documents.
test-clients: $(VENV)/dev.stamp $(CLIENTS)/stamp ## generate clients from the OpenAPI document and use them (needs Node and npm)
	STEPSIZE_CLIENTS=$(CLIENTS) $(BIN)/python -m pytest -n 0 tests/clients

parity: $(PARITY)/stamp ## compare the engine with PyTorch and the other references, live
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(PARITY)/bin/python -m pytest -n $(WORKERS) tests/parity
	KERAS_BACKEND=jax OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(PARITY)/bin/python -m pytest -n $(WORKERS) \
		tests/parity/test_keras_fit.py

docs: $(VENV)/run.stamp ## write docs/reference from the docstrings
	$(BIN)/python -m scripts.build_reference

bench: $(VENV)/dev.stamp $(PARITY)/stamp ## measure the figures of the README, beside PyTorch and jax (a quarter of an hour)
	$(BIN)/python -m benchmarks

bench-engine: $(VENV)/run.stamp $(PARITY)/stamp ## measure the engine beside PyTorch and jax
	$(BIN)/python -m benchmarks engine

bench-horizons: $(VENV)/run.stamp ## measure the peaks for other horizons beside retuned ones (half an hour)
	$(BIN)/python -m benchmarks.advice.horizons

bench-search: $(VENV)/run.stamp ## measure what samplers, rounds and pruners cost and give a search (three quarters of an hour)
	$(BIN)/python -m benchmarks search rounds pruning

bench-advice: $(VENV)/run.stamp ## measure how good the recommendations are, beside Optuna (under two hours)
	$(BIN)/python -m benchmarks advice

lock: ## resolve the dependencies anew (needs uv and npm)
	uv pip compile pyproject.toml $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --extra otel -c requirements.lock $(LOCK) -o requirements-otel.lock
	uv pip compile pyproject.toml --group dev -c requirements.lock $(LOCK) -o requirements-dev.lock
	uv pip compile --group parity -c requirements-dev.lock $(LOCK) -o requirements-parity.lock
	uv pip compile --group clients $(LOCK) -o requirements-clients.lock
	npm install --prefix tests/clients --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts

LOCK := --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-emit-package stepsize --no-header --no-annotate

clean: ## remove what the targets made
	rm -rf $(VENV) $(PARITY) $(CLIENTS) .demo .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# A .venv of another Python stays what it was; better to say so than to test the wrong one.
ifneq ($(origin PYTHON),file)
$(VENV)/run.stamp: same-python
endif
.PHONY: same-python
same-python: $(VENV)/bin/python
	@version='import sys; print(*sys.version_info[:2], sep=".")'; \
	wanted=$$($(PYTHON) -c "$$version"); found=$$($(BIN)/python -c "$$version"); \
	[ "$$wanted" = "$$found" ] || { echo "$(VENV) has Python $$found; 'make clean' first"; exit 1; }

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "$(PYTHON) is $$($(PYTHON) --version 2>&1); Stepsize needs Python 3.11 to 3.13:" \
		"make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(VENV)/bin/python requirements.lock pyproject.toml client/pyproject.toml
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps -e client -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# Another Python environment, whose packages would meet those of .venv, and the packages of Node.
$(CLIENTS)/stamp: $(VENV)/bin/python requirements-clients.lock tests/clients/package.json tests/clients/package-lock.json
	@for program in node npm; do command -v $$program >/dev/null || { \
		echo "make test-clients needs $$program, which is not here; install Node 20 or later with npm"; exit 1; }; done
	@node -e 'const [major] = process.versions.node.split("."); process.exit(major < 20 ? 1 : 0)' || { \
		echo "make test-clients needs Node 20 or later; this is $$(node --version)"; exit 1; }
	$(BIN)/python -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements-clients.lock
	mkdir -p $(CLIENTS)/node
	cp tests/clients/package.json tests/clients/package-lock.json $(CLIENTS)/node
	npm ci --prefix $(CLIENTS)/node --ignore-scripts --no-audit --no-fund --silent
	@touch $@

# A few hundred megabytes, and PyTorch: apart from .venv, in which nothing needs them.
$(PARITY)/stamp: $(VENV)/bin/python requirements.lock requirements-dev.lock requirements-parity.lock
	$(BIN)/python -m venv $(PARITY)
	$(PARITY)/bin/python -m pip --quiet install --require-hashes -r requirements.lock
	$(PARITY)/bin/python -m pip --quiet install --require-hashes -r requirements-dev.lock
	$(PARITY)/bin/python -m pip --quiet install $(TORCH)
	$(PARITY)/bin/python -m pip --quiet install --no-deps --require-hashes -r requirements-parity.lock
	@touch $@
