# Each target sets everything up by itself: a virtual environment in .venv from the pinned requirements.txt.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Real benchmark tables, where there are some: tests skip and the demo says so where there are none.
export NASLIB_EXT_DATA ?= $(abspath $(wildcard ../shared/data))

.PHONY: demo test lint format bench tables clean

demo: .venv/ready
	$(BIN)/naslib-ext demo --out demo

test: .venv/ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 $(ARGS)

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/ready
	$(BIN)/python runners/bench/runner.py --out build/bench.json $(ARGS)

# Trains the carried tables anew. Large arrays come and go at every step: without the settings glibc hands each back.
tables: .venv/ready
	MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000 OMP_NUM_THREADS=1 \
	$(BIN)/python runners/benchmark/runner.py build

.venv/ready: requirements.txt setup.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -r requirements.txt
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf .venv demo build *.egg-info
