# The two commands of the README are `make demo` and `make test`; each makes its own environment first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
# `make demo VENV_OPTIONS=--system-site-packages CONSTRAINTS=` takes the torch that is there, of any version from 2.10 on.
VENV_OPTIONS ?=
CONSTRAINTS ?= constraints.txt

.PHONY: demo install test slow smoke pictures docs notebooks check lint types imports clean

demo: $(VENV)/.installed
	$(BIN)/isthmus demo

install: $(VENV)/.installed

test: $(VENV)/.installed
	OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist worksteal -q

# One at a time, for each takes both cores and waits for answers.
slow: $(VENV)/.installed
	OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/pytest -n 0 -m slow -q

smoke: $(VENV)/.installed
	rm -rf $(VENV)/smoke
	$(BIN)/isthmus reproduce all --scale smoke --out $(VENV)/smoke

# Pictures of the documents in the bytes that today's code would write, where older code drew them.
pictures: $(VENV)/.installed
	$(BIN)/python -c 'import pathlib; from isthmus.report.svg import compact; [file.write_bytes(compact(file.read_bytes())) for file in pathlib.Path("docs").rglob("*.svg")]'

# The documentation site, in build/site; a warning is an error.
docs: $(VENV)/.documenting
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The notebooks with what their cells show, made anew.
notebooks: $(VENV)/.documenting
	$(BIN)/python examples/notebooks/run.py

$(VENV)/.documenting: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet $(CONSTRAINTS:%=--constraint %) --editable '.[docs,notebooks]'
	touch $@

check: lint types imports

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/mypy

imports: $(VENV)/.installed
	$(BIN)/lint-imports

$(VENV)/.installed: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "isthmus needs Python 3.11 or newer, got " + sys.version.split()[0] + ": run make with PYTHON=/path/to/a/newer/python3")'
	$(PYTHON) -m venv $(VENV_OPTIONS) $(VENV)
	$(BIN)/python -m pip install --quiet $(CONSTRAINTS:%=--constraint %) --editable '.[test,hf,federated]'
	touch $@

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
