"""Random transfers; ``make transfers RUNS=300 SEED=1`` runs more of them."""

from __future__ import annotations

import shutil
import sys

import pytest

from ..transfers import REAL, plan, run

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: /proc tells who listens"
)


@pytest.mark.parametrize("seed", range(1, 13))
def test_transfer(seed: int) -> None:
    missing = frozenset(name for name, command in REAL.items() if shutil.which(command) is None)
    planned = plan(seed, missing)
    assert run(planned) == [], str(planned)
