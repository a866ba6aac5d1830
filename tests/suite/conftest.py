"""What the tests of the suite share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.targets.ports import reserved_port


@pytest.fixture
def free_port() -> Iterator[int]:
    """A TCP port that nothing listens on, held until the test ends."""
    with reserved_port() as port:
        yield port
