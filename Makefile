# make run: create .venv, then run the whole job on a bundled list; make run NAMES=list.txt for your own.

NAMES ?= examples/names/english.txt
PYTHON ?= python3
# Each set of lists needs its own home: artifacts/ for the bundled list, artifacts/homes/<file stem>/ for any other list.
# Several lists, or a folder, need an explicit home: make run NAMES='a.txt b.txt' MAKEMORE_HOME=artifacts/homes/both
stem = $(shell printf %s '$(notdir $(patsubst %/,%,$(NAMES)))' | sed -E 's/\.(gz|zst)$$//; s/\.[a-z]+$$//; s/[^[:alnum:]_-]+/-/g')
MAKEMORE_HOME ?= $(if $(filter examples/names/english.txt,$(NAMES)),artifacts,$(if $(word 2,$(NAMES)),\
	$(error NAMES has more than one word. hint: set the home with MAKEMORE_HOME=FOLDER),artifacts/homes/$(stem)))

.DEFAULT_GOAL := help
.PHONY: help setup run test lint docs benchmarks reliability

help: ## List the targets.
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /	/'

setup: .venv/set-up ## Install the project and its tools into .venv, if anything changed.

# After an interrupted set-up (no file set-up) all packages are installed again: some may be incomplete. A .venv without a
# working Python and pip is created again.
.venv/set-up: pyproject.toml constraints.txt install.py
	.venv/bin/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	rm -f $@
	.venv/bin/python install.py $(if $(wildcard .venv/set-up),,--force-reinstall)
	touch $@

run: setup ## Run the whole job: ingest NAMES, build relations, train, publish a version.
	.venv/bin/makemore run $(NAMES) --home '$(MAKEMORE_HOME)'

# worksteal keeps neighbouring tests, which share costly fixtures, mostly on one worker. loadgroup of pytest-xdist 3.8
# does not group with pytest 9.2.
test: setup ## Run all tests, on up to four cores.
	.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist worksteal

lint: setup ## Check format, style, types, import contracts and SQL.
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/sqlfluff lint --disable-progress-bar sql

docs: setup ## Build the documentation in site/; open site/index.html.
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet

benchmarks: setup ## Measure what benchmarks/RESULTS.md reports; takes minutes to hours.
	.venv/bin/python -m benchmarks

reliability: setup ## Inject all faults and update docs/project/reliability.md; takes half an hour.
	.venv/bin/python -m tests.faults --write
