"""The Config: immutable, with defaults."""

from __future__ import annotations

import pytest

from pync.core.config import WORKED_OUT, Config


def test_a_config_is_immutable() -> None:
    with pytest.raises(AttributeError):
        Config().listen = True  # type: ignore[misc]


def test_what_the_dialect_works_out_is_a_field() -> None:
    assert set(Config._fields) >= WORKED_OUT
