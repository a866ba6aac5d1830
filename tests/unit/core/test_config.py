"""The Config: immutable, with defaults."""

from __future__ import annotations

import pytest

from pync.core.config import WORKED_OUT, Config, Endings


def test_a_config_is_immutable() -> None:
    with pytest.raises(AttributeError):
        Config().listen = True  # type: ignore[misc]


def test_what_the_dialect_works_out_is_a_field() -> None:
    assert set(Config._fields) >= WORKED_OUT


def test_by_default_eof_becomes_fin_and_nothing_is_timed() -> None:
    assert Endings() == Endings(
        shutdown=True, on_peer_end="leave", quit_after=None, leave_when_sent=False, idle=None
    )
