"""Fixtures for pytest. In a conftest.py, or in a test's module:

    from pync.fixtures import faulty_link

    def test_a_slow_database(faulty_link):
        link = faulty_link("tcp://127.0.0.1:5432")
        link.down.delay = 0.2
        ...

Nothing is registered by itself: where they are not imported, they are not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import wraps

import pytest

from .faulty_link import FaultyLink, faulty


@pytest.fixture
def faulty_link() -> Iterator[Callable[..., FaultyLink]]:
    """pync.faulty(); the links that it makes are closed at the end of the test."""
    with ExitStack() as stack:

        @wraps(faulty)
        def make(*words: object, **options: object) -> FaultyLink:
            return stack.enter_context(faulty(*words, **options))  # type: ignore[arg-type]

        yield make
