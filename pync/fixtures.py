"""Fixtures for pytest. In a conftest.py, or in a test's module:

    from pync.fixtures import faulty_link

    def test_a_slow_database(faulty_link):
        link = faulty_link("tcp://127.0.0.1:5432")
        link.down.delay = 0.2
        ...

The fixtures are not registered automatically: import them where they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import wraps

import pytest

from .faulty_link import FaultyLink, faulty


@pytest.fixture
def faulty_link() -> Iterator[Callable[..., FaultyLink]]:
    """Yield pync.faulty(); its links are closed at the end of the test."""
    with ExitStack() as stack:

        @wraps(faulty)
        def make(*words: object, **options: object) -> FaultyLink:
            return stack.enter_context(faulty(*words, **options))  # type: ignore[arg-type]

        yield make
