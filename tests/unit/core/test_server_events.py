"""Which events are in server_events.py."""

from __future__ import annotations

from types import ModuleType

from pync.core import events, server_events
from pync.dialects.pync import ONLY_VERBOSELY


def named_tuples(module: ModuleType) -> set[str]:
    """The names of the events of a module."""
    return {
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    }


def test_an_event_is_in_one_module() -> None:
    assert {"Connected", "Finished"} <= named_tuples(events)
    assert {"Accepted", "Closed"} <= named_tuples(server_events)
    assert named_tuples(events).isdisjoint(named_tuples(server_events))


def test_events_that_only_verbose_shows_exist() -> None:
    assert named_tuples(events) | named_tuples(server_events) >= ONLY_VERBOSELY
