# The house's commands; `make` alone lists them. Everything they make lies in .venv/ and var/.
# Two stamps remember what is installed, so that a second `make run` starts at once.

# What `make run` starts.
START := serve

ENV := .venv/bin/python
# Keep every pin that is there; `make lock UPGRADE=--upgrade` moves them.
UPGRADE :=
COMPILE := $(ENV) -m uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help run test check format bench help-docs lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

run: .venv/run.stamp ## set up what is missing and start the bot, as the sample town
	@exec .venv/bin/antenne $(START)

test: .venv/dev.stamp ## set up what is missing and check everything
	@scripts/environment programs
	@scripts/environment node
	@$(MAKE) --no-print-directory check

check: .venv/dev.stamp ## style, types, layers, tests: what continuous integration checks
	@echo "Style"
	@$(ENV) -m ruff check --quiet .
	@$(ENV) -m ruff format --quiet --check . || { echo "make format mends the layout"; exit 1; }
	@echo "Layers"
	@$(ENV) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()' > .venv/layers.log \
		|| { cat .venv/layers.log; exit 1; }
	@echo "Types and tests"
	@$(ENV) -m mypy --no-error-summary > .venv/types.log & types=$$!; \
		$(ENV) -m pytest --quiet -W error -n 2 --dist loadfile --no-loadscope-reorder; tests=$$?; \
		wait $$types || { cat .venv/types.log; exit 1; }; exit $$tests

format: .venv/dev.stamp ## lay the code out, mend what can be mended by itself
	@$(ENV) -m ruff check --fix .
	@$(ENV) -m ruff format .

bench: .venv/dev.stamp ## measure a whole answered step, beside its floor
	@$(ENV) -m tests.bench

help-docs: .venv/dev.stamp ## write the command line's help into README.md
	@$(ENV) -m scripts.help_docs

lock: .venv/dev.stamp ## write requirements/ again from pyproject.toml
	@$(COMPILE) --output-file requirements/run.txt
	@$(COMPILE) --group dev --constraint requirements/run.txt --output-file requirements/dev.txt

clean: ## remove what was installed and cached; var/ with the cases stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find flows bot adapters scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@scripts/environment python

.venv/run.stamp: requirements/run.txt .venv/bin/python
	@scripts/environment run
	@scripts/environment reading

.venv/dev.stamp: requirements/dev.txt .venv/bin/python
	@scripts/environment dev
