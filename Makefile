# make run: set up, then the whole job on a bundled list; make run NAMES=list.txt on your own.
# make test: set up, then the tests.

NAMES ?= examples/names/english.txt
PYTHON ?= python3
# A home holds one body of names: the bundled list's is artifacts/, another list's artifacts/homes/<its file's name>/.
# More than one list, or a folder, needs a home by name: make run NAMES='a.txt b.txt' MAKEMORE_HOME=artifacts/homes/both
stem = $(shell printf %s '$(notdir $(patsubst %/,%,$(NAMES)))' | sed -E 's/\.(gz|zst)$$//; s/\.[a-z]+$$//; s/[^[:alnum:]_-]+/-/g')
MAKEMORE_HOME ?= $(if $(filter examples/names/english.txt,$(NAMES)),artifacts,$(if $(word 2,$(NAMES)),\
	$(error NAMES holds more than one word: say which home is theirs with MAKEMORE_HOME=FOLDER),artifacts/homes/$(stem)))

.DEFAULT_GOAL := help
.PHONY: help setup run test lint benchmarks reliability

help: ## What can be made.
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /	/'

setup: .venv/set-up ## Make .venv with what the project needs; nothing if nothing changed.

.venv/set-up: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[flows,dev]'
	touch $@

run: setup ## The whole job: ingest NAMES, build, train, publish.
	.venv/bin/makemore run $(NAMES) --home '$(MAKEMORE_HOME)'

# worksteal: neighbours, which share what is costly to make, mostly stay together. loadgroup of pytest-xdist 3.8 groups
# nothing with pytest 9.2.
test: setup ## All tests, on as many cores as there are, up to four.
	.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist worksteal

lint: setup ## What .ci/run checks before the tests.
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/sqlfluff lint --disable-progress-bar sql

benchmarks: setup ## Measure what benchmarks/RESULTS.md says; minutes.
	.venv/bin/python -m benchmarks

reliability: setup ## Bring about all faults that docs/project/reliability.md tells of, and count; half an hour.
	.venv/bin/python -m tests.faults --write
