# The whole project by hand: make conformance, make test, make check, make soak, make clean.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/ready

# What the user typed, untouched by make ($ and backslashes included), for the shell.
OPTIONS := TARGET PROFILE AT SET CASE REPORT JOBS LEVEL EXPECT DEADLINE SEED CLIENT TRANSPORT
$(foreach name,$(OPTIONS),$(eval export ASKED_$(name) := $$(value $(name))))

RUNS ?= 100

.PHONY: conformance selftest test check soak clean
.DEFAULT_GOAL := conformance

conformance: $(READY)
	@$(PY) -m conformance run $${ASKED_TARGET:+"$$ASKED_TARGET"} \
	  $${ASKED_PROFILE:+--profile="$$ASKED_PROFILE"} $${ASKED_AT:+--at="$$ASKED_AT"} \
	  $${ASKED_SET:+--set="$$ASKED_SET"} $${ASKED_CASE:+--case="$$ASKED_CASE"} \
	  $${ASKED_REPORT:+--report="$$ASKED_REPORT"} $${ASKED_JOBS:+--jobs="$$ASKED_JOBS"} \
	  $${ASKED_LEVEL:+--level="$$ASKED_LEVEL"} $${ASKED_EXPECT:+--expect="$$ASKED_EXPECT"} \
	  $${ASKED_DEADLINE:+--deadline="$$ASKED_DEADLINE"} $${ASKED_SEED:+--seed="$$ASKED_SEED"} \
	  $${ASKED_CLIENT:+--client="$$ASKED_CLIENT"} $${ASKED_TRANSPORT:+--transport="$$ASKED_TRANSPORT"}

selftest: $(READY)
	@$(PY) -m conformance selftest

test: check
	@$(PY) -m pytest -n auto -q

check: $(READY)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m mypy

soak: $(READY)
	@$(PY) .ci/soak.py $(RUNS)

clean:
	rm -rf build dist $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml .ci/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "make: $(PYTHON) is older than 3.10; say make PYTHON=python3.12" >&2; exit 1; }
	@echo "setting up $(VENV) (once) ..." >&2
	@$(PYTHON) -m venv $(VENV) >/dev/null || \
	  { rm -rf $(VENV); echo "make: $(PYTHON) cannot make a virtual environment (Debian: apt install python3-venv)" >&2; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
	  --constraint .ci/constraints.txt --editable '.[dev]'
	@touch $@
