"""The sockets of one dial, driven by hand."""

from __future__ import annotations

import socket
from select import select

import pytest

from pync.core.address import Address
from pync.core.events import AttemptFailed, Event, Trying
from pync.transports import DEFAULT, Options
from pync.transports.connecting import Connecting
from pync.transports.internet import Endpoint

ASKED = Address("tcp", "several", "1")


class Dial:
    """A dial and the descriptors that it watches."""

    def __init__(self, *endpoints: Endpoint, options: Options = DEFAULT) -> None:
        self.events: list[Event] = []
        self.watched: set[int] = set()
        options = options._replace(report=self.events.append)
        self.connecting = Connecting(ASKED, endpoints, options, options.timeout, self.watch)

    def watch(self, descriptor: int, wanted: bool) -> None:
        if wanted:
            self.watched.add(descriptor)
        else:
            self.watched.remove(descriptor)

    def run(self) -> None:
        self.connecting.proceed()
        while self.connecting.conn is None and self.connecting.failure is None:
            # Windows reports a failed connection as exceptional, not as writable.
            _, ready, failed = select([], self.watched, self.watched, self.connecting.seconds())
            for descriptor in {*ready, *failed}:
                self.connecting.settled(descriptor)
            if self.connecting.conn is None:
                self.connecting.proceed()


@pytest.fixture
def refusing(closed_port: int) -> Endpoint:
    return Endpoint(socket.AF_INET, ("127.0.0.1", closed_port))


@pytest.fixture
def answering(server: socket.socket) -> Endpoint:
    return Endpoint(socket.AF_INET, server.getsockname())


def test_first_answer_wins(silent: Endpoint, answering: Endpoint) -> None:
    dial = Dial(silent, silent, answering)
    dial.run()
    conn = dial.connecting.conn
    assert conn is not None
    conn.close()
    # The other attempts are closed and not reported as failed.
    assert dial.watched == set()
    assert [type(event) for event in dial.events] == [Trying, Trying]


def test_failed_attempts_are_reported_at_once(refusing: Endpoint, answering: Endpoint) -> None:
    dial = Dial(refusing, answering)
    dial.run()
    assert dial.connecting.conn is not None
    dial.connecting.conn.close()
    assert [type(event) for event in dial.events] == [Trying, AttemptFailed, Trying]


def test_failure_of_the_only_address_is_not_reported_twice(refusing: Endpoint) -> None:
    dial = Dial(refusing)
    dial.run()
    assert str(dial.connecting.failure) == f"dial {ASKED}: connection refused"
    assert [type(event) for event in dial.events] == [Trying]


def test_last_failure_is_marked(refusing: Endpoint) -> None:
    dial = Dial(refusing, refusing)
    dial.run()
    failed = [event for event in dial.events if isinstance(event, AttemptFailed)]
    assert [event.last for event in failed] == [False, True]


def test_no_address() -> None:
    dial = Dial()
    dial.run()
    assert str(dial.connecting.failure) == f"dial {ASKED}: no address to try"


def test_close_closes_running_attempts(silent: Endpoint) -> None:
    dial = Dial(silent)
    dial.connecting.proceed()
    (descriptor,) = dial.watched
    dial.connecting.close()
    dial.connecting.close()
    assert dial.watched == set()
    dial.connecting.settled(descriptor)  # a late event of the same round of the loop
    assert dial.connecting.conn is None
