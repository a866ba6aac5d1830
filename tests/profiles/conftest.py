"""The example profiles are judged as everything is in tests/suite."""

from __future__ import annotations

from ..suite.conftest import forked_suite

__all__ = ["forked_suite"]
