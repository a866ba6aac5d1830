"""How a class of targets plugs into pytest and pytest-xdist.

Each target is one item, and its outcome travels to the controlling process as a property of
its report. What a worker needs to know of the class travels to it, so that it may be another
machine's (``--tx``): it has no need of the file. Targets at one fixed address take turns.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from ..core.interruption import end_as_interrupted
from ..plan import Options
from ..targets.isolation import Box
from .boxes import NONE
from .isolated import Asked, Outcome, box_from, judge_alone, options_from
from .limits import Limits

PROPERTY = "conformance-class"


class Entry(NamedTuple):
    """One target of a class; ``place`` is the fixed address that it needs for itself.

    ``way`` is how it is kept apart from the others, and ``box`` what it may see; without one
    there is nothing to start.
    """

    name: str
    options: Options
    limits: Limits
    place: str | None = None
    way: str = NONE
    box: Box | None = None


#: Seconds without a word, seconds between two questions, and questions, until a host is lost.
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 6}

_ENTRIES: pytest.StashKey[list[Entry]] = pytest.StashKey()


class GivenClass:
    """The controlling process's plugin: it brings the class, and takes the outcomes.

    Arguments:
        entries: the class.
        take: called with each entry's name and outcome, as they come.
        lose: called with an entry's name when a worker has died while it judged that.
    """

    def __init__(
        self,
        entries: list[Entry],
        take: Callable[[str, Outcome], None],
        lose: Callable[[str], None],
    ) -> None:
        self.entries = entries
        self._take = take
        self._lose = lose

    def pytest_xdist_newgateway(self, gateway: Any) -> None:
        """A host that is gone without a word is noticed, where we have the connection to it."""
        connection = getattr(getattr(gateway, "_io", None), "sock", None)
        if isinstance(connection, socket.socket):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _KEEPALIVE.items():
                if hasattr(socket, name):
                    connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def pytest_configure_node(self, node: Any) -> None:
        """Hand the class to a worker (pytest-xdist)."""
        node.workerinput["conformance_class"] = [
            (
                *(one.name, one.options._asdict(), tuple(one.limits), one.place, one.way),
                None if one.box is None else tuple(one.box),
            )
            for one in self.entries
        ]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take an outcome; an item without one has failed in our own hands.

        pytest-xdist reports what a worker had in hand when it died, with a ``when`` of its own.
        """
        if report.when not in ("setup", "call", "teardown"):
            for number, one in enumerate(self.entries):
                if report.nodeid == f"{number}{_turn(one)}":
                    self._lose(one.name)
        for name, value in report.user_properties:
            if name == PROPERTY and report.when == "call" and isinstance(value, dict):
                self._take(str(value["name"]), value)


def pytest_configure(config: pytest.Config) -> None:
    """Keep the class: as it was given, or as it came with the worker's orders."""
    given = next((one for one in config.pluginmanager.get_plugins() if _brings(one)), None)
    if given is not None:
        config.stash[_ENTRIES] = given.entries
    elif hasattr(config, "workerinput"):
        end_as_interrupted()
        config.stash[_ENTRIES] = [
            Entry(name, options_from(options), Limits(*limits), place, way, box_from(box))
            for name, options, limits, place, way, box in config.workerinput["conformance_class"]
        ]


def _brings(plugin: object) -> bool:
    return isinstance(plugin, GivenClass)


def pytest_collection(session: pytest.Session) -> bool | None:
    """The items of a worker: no file is looked at, for it may lie elsewhere on each machine."""
    if not hasattr(session.config, "workerinput"):
        return None
    entries = session.config.stash[_ENTRIES]
    session.items = [
        Target.from_parent(session, name=one.name, nodeid=f"{number}{_turn(one)}", entry=one)
        for number, one in enumerate(entries)
    ]
    session.testscollected = len(session.items)
    hook = session.config.hook
    hook.pytest_collection_modifyitems(session=session, config=session.config, items=session.items)
    hook.pytest_collection_finish(session=session)
    return True


def _turn(entry: Entry) -> str:
    """Return the group of an item, as --dist=loadgroup reads it: a group goes to one worker.

    pytest-xdist 3.8 would write it from a mark, into a field that pytest 9.2 has no more.
    """
    return f"@{re.sub(r'[^0-9A-Za-z.:/]', '', entry.place)}" if entry.place else ""


class Target(pytest.Item):
    """One target as an item."""

    def __init__(self, *, entry: Entry, **details: Any) -> None:
        super().__init__(**details)
        self.entry = entry

    def runtest(self) -> None:
        """Judge it; what came of it is the controller's to say."""
        one = self.entry
        outcome = judge_alone(Asked(one.options, one.limits, one.way, one.box))
        self.user_properties.append((PROPERTY, {"name": self.entry.name, **outcome}))
