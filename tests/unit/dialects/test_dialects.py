"""Finding a dialect by name."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.errors import UsageError
from pync.core.server_events import Listening
from pync.dialects import DIALECTS, load


@pytest.mark.parametrize("name", DIALECTS)
def test_load_dialect(name: str) -> None:
    dialect = load(name)
    assert dialect.name == DIALECTS[name]
    assert dialect.usage.count("Usage:") == 1
    assert dialect.complain(UsageError("no"), None)
    assert dialect.status(UsageError("no"), None) in (1, 2, 64)
    assert dialect.about(Config(version=True)).text.endswith("\n")


def test_unknown_dialect() -> None:
    with pytest.raises(KeyError):
        load("esperanto")


def test_messages_start_with_the_name_of_the_program() -> None:
    error = UsageError("no")
    assert load("nc").complain(error, None) == "nc: no"
    assert load("netcat").complain(error, None) == "netcat: no"
    assert load("netcat").say(Listening(Address("tcp", "::1", "9")), Config(), False) is None
