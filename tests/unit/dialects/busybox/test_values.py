"""The option values of busybox nc."""

from __future__ import annotations

import pytest

from pync.core.errors import UsageError
from pync.dialects.busybox.values import VALUES


@pytest.mark.parametrize("field", VALUES)
@pytest.mark.parametrize("text", ["x", "-1", "1x", ""])
def test_invalid_number(field: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        VALUES[field](text, "-x")
    assert str(caught.value) == f"invalid number '{text}'"
