# `make demo` and `make test` do all the set-up they need: a virtual environment in .venv, and Brigade in it.

PYTHON ?= python3
# PyTorch, for training and its tests. On Linux it brings gigabytes for GPUs; TORCH='torch --index-url URL' takes another build.
TORCH ?= torch==2.13.0
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYGAME_HIDE_SUPPORT_PROMPT := 1

.PHONY: demo test test-all lint types imports format studies bench fuzz kills hostile constraints clean

demo: .venv/.installed
	$(BIN)/brigade demo

# The quick ring: minutes. What every change is tried with.
test: .venv/.installed
	$(BIN)/python -m pytest -n auto --durations=20

# The outer ring: what `test` leaves out, packages that are built and installed, and whatever else takes an environment.
test-all: .venv/.installed
	$(BIN)/python -m pytest -n auto --durations=20 -m outer

studies: .venv/.installed
	$(BIN)/python -m pytest -m study

# Nearly right inputs at everything that reads: at most so many, for so many seconds a reader.
INPUTS ?= 20000
SECONDS ?= 60
fuzz: .venv/.installed
	$(BIN)/python tests/fuzz/fuzz.py --inputs $(INPUTS) --seconds $(SECONDS)

# Runs and trainings that are killed at random moments, and gone on with.
kills: .venv/.installed
	$(BIN)/python tests/fuzz/kills.py

# A wheel on machines that are not ours: other Pythons, other users, odd paths and encodings.
hostile: .venv/.installed
	$(BIN)/python tests/hostile/hostile.py

# The versions in this environment, for others to install.
constraints: .venv/.installed
	$(BIN)/python -m pip freeze --exclude-editable | grep -v ' @ ' | sed 's/+cpu$$//' > constraints.txt

bench: .venv/.installed
	$(BIN)/brigade bench

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: .venv/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Type checkers do not follow the mapping of folders in setup.cfg; this gives them a tree that needs none.
types: .venv/.installed .typecheck/brigade
	$(BIN)/mypy

# Who may import whom; the rules are in pyproject.toml.
imports: .venv/.installed .typecheck/brigade
	PYTHONPATH=.typecheck $(BIN)/lint-imports --no-logo

.typecheck/brigade:
	mkdir -p $@
	ln -sf ../../src/brigade/__init__.py ../../src/brigade/__main__.py ../../src/brigade/_version.py \
		../../src/brigade/py.typed $@/
	for room in envs agents simulation dual_process batch experiments human_play; do ln -sfn ../../$$room $@/$$room; done

.venv/.installed: setup.cfg pyproject.toml src/brigade/_version.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Brigade needs Python 3.11 or newer; $$($(PYTHON) --version) is what '$(PYTHON)' is. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing Brigade into .venv (once, a few minutes) ..."
	@$(BIN)/python -m pip install --quiet $(TORCH)
	@$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@

clean:
	rm -rf .venv .typecheck build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
