# The whole project by hand: make conformance, quick, test, test-windows, check, selftest, soak,
# transfers, bench, docs, site, zipapp, clean.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/ready
RUNS ?= 100
# Most tests wait, for a program to start or for a second to pass: more workers than cores. The
# tests are handed out one by one, long ones first, so that all workers end at the same time. (With
# two at a time xdist gives a worker with short tests more than it ends: at last one has hundreds.)
WORKERS = $(shell $(PYTHON) -c 'import os; print(4 * (os.cpu_count() or 1))')
FEW_WORKERS = $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')
PYTEST = $(PY) -m pytest -n $(WORKERS) --maxschedchunk=1 -q
# What only Windows has: its types are looked up there.
WINDOWS := pync/transports/pipe.py $(wildcard pync/transports/windows/*.py) conformance/targets/windows/job.py

# What the user typed goes to the shell as ASKED_NAME, untouched by make ($ and backslashes
# included), and under no other name: a server under judgement has an environment of its own.
OPTIONS := TARGET PROFILE AT SET CASE SKIP SHARD REPEAT WATCH REPORT JOBS LEVEL EXPECT DEADLINE SEED CLIENT TRANSPORT LOAD LINK ALL
$(foreach name,$(OPTIONS),$(eval export ASKED_$(name) := $$(value $(name))))
unexport $(OPTIONS)
ASKED := $${ASKED_TARGET:+"$$ASKED_TARGET"} \
  $${ASKED_PROFILE:+--profile="$$ASKED_PROFILE"} $${ASKED_AT:+--at="$$ASKED_AT"} \
  $${ASKED_SET:+--set="$$ASKED_SET"} $${ASKED_CASE:+--case="$$ASKED_CASE"} \
  $${ASKED_SKIP:+--skip="$$ASKED_SKIP"} $${ASKED_SHARD:+--shard="$$ASKED_SHARD"} \
  $${ASKED_REPEAT:+--repeat="$$ASKED_REPEAT"} $${ASKED_WATCH:+--watch} \
  $${ASKED_REPORT:+--report="$$ASKED_REPORT"} $${ASKED_JOBS:+--jobs="$$ASKED_JOBS"} \
  $${ASKED_LEVEL:+--level="$$ASKED_LEVEL"} $${ASKED_EXPECT:+--expect="$$ASKED_EXPECT"} \
  $${ASKED_DEADLINE:+--deadline="$$ASKED_DEADLINE"} $${ASKED_SEED:+--seed="$$ASKED_SEED"} \
  $${ASKED_CLIENT:+--client="$$ASKED_CLIENT"} $${ASKED_TRANSPORT:+--transport="$$ASKED_TRANSPORT"} \
  $${ASKED_LOAD:+--load="$$ASKED_LOAD"} $${ASKED_LINK:+--link="$$ASKED_LINK"} \
  $${ASKED_ALL:+--all}
# A target that is itself a make (TARGET='make serve') must not take our variables for its own.
ALONE := unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES;

.PHONY: conformance selftest quick test test-windows bytecode check soak transfers bench docs site zipapp clean
.DEFAULT_GOAL := conformance

conformance: $(READY)
	@$(ALONE) PYNC_CONFORMANCE_BY=make $(PY) -m conformance run $(ASKED)

selftest: $(READY)
	@$(ALONE) $(PY) -m conformance selftest

test: bytecode check
	@$(ALONE) $(PYTEST)

# Each worker imports all tests, and in a fresh clone each would compile them: one process does so,
# while mypy, which uses one core, is running. (tests/windows is the last folder that it reads.)
bytecode: $(READY)
	@test -d tests/windows/__pycache__ || \
	  ($(ALONE) $(PY) -m pytest --collect-only -qq >/dev/null 2>&1 &)

# The fast lane: what needs no other program and no installed wheel, starts few programs, and does
# not take long. These tests wait little, and each worker imports all of them: few workers.
quick: WORKERS = $(FEW_WORKERS)
quick: bytecode check
	@$(ALONE) $(PYTEST) -m 'not long' tests/unit tests/contract tests/house \
	  $(addprefix --ignore=tests/house/test_,wheel.py outside.py forking.py)

# Windows CPython under Wine; both are set up when they are missing.
test-windows: $(READY)
	@$(ALONE) $(PY) .ci/windows.py

# Each call of mypy with options of its own has a cache of its own: a call with other options checks
# again all that the cache holds.
check: $(READY)
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m mypy
	@$(PY) -m mypy --cache-dir=.mypy_cache/windows --platform=win32 --follow-imports=silent $(WINDOWS)

soak: $(READY)
	@$(ALONE) $(PY) .ci/soak.py $(RUNS) $(ASKED)

# Random transfers between pync and the real programs; SEED is the first one's.
transfers: $(READY)
	@$(ALONE) $(PY) .ci/transfers.py --runs=$(RUNS) $${ASKED_SEED:+--seed="$$ASKED_SEED"}

# BENCH='--case=file --pairs=7'; nc.openbsd, ncat and socat are compared with if they are there.
bench: $(READY)
	@$(ALONE) $(PY) .bench --json=build/bench.json --svg=build/bench.svg $(BENCH)

docs: $(READY)
	@$(PY) .ci/pages.py

# pync as one file, build/pync.pyz.
zipapp: $(READY)
	@$(PY) .ci/one_file.py

# The documents as a web site, in build/site.
site: $(READY)
	@$(PIP) --constraint .ci/site-constraints.txt mkdocs-material
	@$(PY) .ci/site.py

clean:
	rm -rf build dist $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --no-build-isolation: what builds is pinned too, and nothing is fetched when nothing changed.
# editable_mode=compat: a plain path; the other mode costs every start 7 ms.
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
  --constraint .ci/constraints.txt
$(READY): pyproject.toml .ci/constraints.txt
	@command -v $(PYTHON) >/dev/null || \
	  { echo "make: there is no $(PYTHON); say make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "make: $(PYTHON) is older than 3.10; say make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make: $(PYTHON) cannot make a virtual environment (Debian: apt install python3-venv)" >&2; exit 1; }
	@echo "setting up $(VENV) (once) ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) setuptools
	@$(PIP) --no-build-isolation --config-settings editable_mode=compat --editable '.[dev]'
	@touch $@
