"""Fixtures that the tests of the suite share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.targets.ports import reserved_port

from .. import forking


@pytest.fixture(scope="session", autouse=True)
def forked_suite() -> Iterator[None]:
    """Start the suite by fork: most tests judge a server, and few are about the start itself."""
    with forking.forked("conformance"):
        yield


@pytest.fixture
def free_port() -> Iterator[int]:
    """A TCP port that nothing listens on, held until the test ends."""
    with reserved_port() as port:
        yield port
