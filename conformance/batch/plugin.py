"""The plugin by which pytest and pytest-xdist judge a class of targets.

Each target is one item, and its outcome is sent to the controlling process as a property of
its report. A worker gets everything it needs to know about the class, so that it may run on
another machine (``--tx``) without the file. Targets at the same fixed address run one by one.
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
    """One target of a class; ``place`` is the fixed address that no other target may use.

    ``way`` is how it is isolated from the others, and ``box`` what it may see; ``box`` is None if
    the suite does not start the target.
    """

    name: str
    options: Options
    limits: Limits
    place: str | None = None
    way: str = NONE
    box: Box | None = None


#: Seconds of silence before the first keepalive probe, seconds between two probes, and the number
#: of probes after which a host counts as lost.
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 6}

_ENTRIES: pytest.StashKey[list[Entry]] = pytest.StashKey()


class GivenClass:
    """The plugin of the controlling process: it sends the entries and receives the outcomes.

    Arguments:
        entries: the targets of the class.
        take: called with the name and the outcome of each entry when it arrives.
        lose: called with an entry's name if a worker has died while it judged that entry.
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
        """Set keepalive on a connection to a host, to notice that the host has disappeared."""
        connection = getattr(getattr(gateway, "_io", None), "sock", None)
        if isinstance(connection, socket.socket):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _KEEPALIVE.items():
                if hasattr(socket, name):
                    connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def pytest_configure_node(self, node: Any) -> None:
        """Send the class to a worker (pytest-xdist)."""
        node.workerinput["conformance_class"] = [
            (
                *(one.name, one.options._asdict(), tuple(one.limits), one.place, one.way),
                None if one.box is None else tuple(one.box),
            )
            for one in self.entries
        ]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take an outcome; an item without an outcome means that the suite itself has failed.

        If a worker dies, pytest-xdist reports the item that it was running, with a special
        ``when``.
        """
        if report.when not in ("setup", "call", "teardown"):
            for number, one in enumerate(self.entries):
                if report.nodeid == f"{number}{_turn(one)}":
                    self._lose(one.name)
        for name, value in report.user_properties:
            if name == PROPERTY and report.when == "call" and isinstance(value, dict):
                self._take(str(value["name"]), value)


def pytest_configure(config: pytest.Config) -> None:
    """Store the entries: those that were given, or those that were sent to this worker."""
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
    """Make the items of a worker, without reading a file: its path may differ on each machine."""
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
    """Return the group of an item for --dist=loadgroup: a group is judged by one worker.

    pytest-xdist 3.8 would set it from a mark, in a field that no longer exists in pytest 9.2.
    """
    return f"@{re.sub(r'[^0-9A-Za-z.:/]', '', entry.place)}" if entry.place else ""


class Target(pytest.Item):
    """One target as a pytest item."""

    def __init__(self, *, entry: Entry, **details: Any) -> None:
        super().__init__(**details)
        self.entry = entry

    def runtest(self) -> None:
        """Judge the target; the controlling process evaluates the outcome."""
        one = self.entry
        outcome = judge_alone(Asked(one.options, one.limits, one.way, one.box))
        self.user_properties.append((PROPERTY, {"name": self.entry.name, **outcome}))
