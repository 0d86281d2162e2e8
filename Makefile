# Everything runs in the environment that entrypoint.py makes: nothing has to be set up before.
PYTHON ?= python3
DEV = $(PYTHON) entrypoint.py --dev
WORKERS ?= 2

.PHONY: test soak fuzz fresh check lint typecheck tools bench bench-start bench-jobs bench-action corpus table sample docs lock clean

# What CI runs. Missing compilers of sketches are installed the way entrypoint.py does it.
test: check tools
	$(DEV) python -m pytest -n $(WORKERS) --dist worksteal --durations=25

# 500 probes on a simulated board, one after the other.
soak:
	$(DEV) env MLBENCH_SOAK=500 python -m pytest tests/targets/test_board_soak.py -s

# 10,000 mutated images and 300 mutated suites; make fuzz SEED=7 ONLY='elf 12' gives one of them again.
fuzz:
	$(DEV) env MLBENCH_FUZZ=1 MLBENCH_FUZZ_SEED='$(SEED)' MLBENCH_FUZZ_ONLY='$(ONLY)' \
		python -m pytest tests/fuzz/test_fuzz_mutated.py -s

# The two commands of the README on bare systems, which debootstrap makes. Needs root and the network.
fresh:
	$(DEV) python -m mlbench.devtools.fresh_machines $(SYSTEMS)

check: lint typecheck

lint:
	$(DEV) ruff check .
	$(DEV) lint-imports

typecheck:
	$(DEV) mypy

tools:
	$(DEV) python -m mlbench.firmware.install_tools
	$(DEV) env PYTHONPATH=. python tests/support/api_description.py

bench:
	$(DEV) python -m mlbench.devtools.emulator_speed

# CPU time that mlbench takes to start, beside an interpreter that does nothing.
bench-start:
	$(DEV) python -m mlbench.devtools.start_speed

# How much faster a suite is on all cores than on one. The machine has to be idle.
bench-jobs:
	$(DEV) python -m mlbench.devtools.jobs_speed

# Measures the sample of docs/comment.md and draws its pictures; needs chromium, pngquant and an emoji font.
sample:
	$(DEV) env PYTHONPATH=. python docs/sample/make.py

# What becomes of other people's sketches: MLBENCH_CORPUS=FOLDER make corpus, a folder of clones. The sketchbook
# is ARDUINO_DIRECTORIES_USER's, as everywhere.
corpus:
	$(DEV) python -m mlbench.devtools.corpus '$(MLBENCH_CORPUS)' $(if $(ONLY),--only '$(ONLY)')

# docs/table.md, the comparison that mlbench comes from. MLBENCH_SEED_REPO names a local clone of its repository.
table:
	$(DEV) python -m mlbench.devtools.table_page > build-table.md
	mv build-table.md docs/table.md

# Seconds that the action takes beyond compiling and measuring.
bench-action:
	$(DEV) env PYTHONPATH=.:tests/support python tests/action/overhead_bench.py

# Writes the pages that are generated from the code.
docs:
	$(DEV) env PYTHONPATH=. python -m mlbench.devtools.cli_page > docs/cli.md

# Pins what requirements/*.in ask for, with the hashes of every platform's files.
lock:
	$(DEV) python requirements/lock.py

clean:
	rm -rf build dist *.egg-info .import_linter_cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
