"""Finding a dialect by name."""

from __future__ import annotations

import pytest

from pync.dialects import DIALECTS, load


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_reads_and_speaks(name: str) -> None:
    dialect = load(name)
    assert dialect.name == name
    assert dialect.usage.count("Usage:") == 1
    assert dialect.parse(["-h"]).help


def test_an_unknown_dialect() -> None:
    with pytest.raises(KeyError):
        load("esperanto")
