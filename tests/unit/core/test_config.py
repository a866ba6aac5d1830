"""The Config: immutable, with defaults."""

from __future__ import annotations

import pytest

from pync.core.config import WORKED_OUT, Config


def test_config_is_immutable() -> None:
    with pytest.raises(AttributeError):
        Config().listen = True  # type: ignore[misc]


def test_derived_values_are_fields() -> None:
    assert set(Config._fields) >= WORKED_OUT
