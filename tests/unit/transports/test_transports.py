"""The table of schemes."""

from __future__ import annotations

from importlib import import_module

import pytest

from pync.core.address import INTERNET, LOCAL, WEBSOCKETS
from pync.transports import SCHEMES


def test_grammar_and_table_contain_the_same_schemes() -> None:
    assert set(SCHEMES) == {*INTERNET, *LOCAL, *WEBSOCKETS}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_scheme_has_dial_and_listen(scheme: str) -> None:
    module = import_module(f"pync.transports.{SCHEMES[scheme]}")
    assert callable(module.dial)
    assert callable(module.listen)
