"""The control socket: each line gets an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pync.core.address import Address
from pync.core.events import silent
from pync.engine.loop import Loop
from pync.layers.control import LONGEST
from pync.programs.relay.controlling import controllers
from pync.transports import listen

from ....peer import connected


class Link:
    """A link without connections."""

    def listing(self) -> dict[str, Any]:
        return {"faults": []}

    def add(self, fault: str) -> int:
        return len(fault)

    def remove(self, number: int | None) -> None:
        raise AssertionError(f"nobody asks for it: {number}")

    def kill(self, number: int | None, by: str) -> None:
        raise AssertionError(f"nobody asks for it: {number}, {by}")

    def listens(self, wanted: bool) -> None:
        raise AssertionError(f"nobody asks for it: {wanted}")


class Control:
    """A control socket in a loop, which runs while the test waits for an answer."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.listener = listen(Address("tcp", "127.0.0.1", "0"))
        self.clients = controllers(loop, self.listener, Link(), silent)
        self.clients.open()
        self.port = int(self.listener.address.service)

    def answers(self, said: bytes, until: int | None) -> list[dict[str, Any]]:
        """Send commands; return ``until`` answers, or all answers up to EOF."""
        heard = b""
        ended = False
        with connected(self.port) as peer:
            peer.says(said)
            if until is None:
                peer.half_closes()
            peer.sock.setblocking(False)

            def goes_on() -> bool:
                nonlocal heard, ended
                try:
                    data = peer.sock.recv(65536)
                except BlockingIOError:
                    return True
                heard, ended = heard + data, not data
                return not (ended or heard.count(b"\n") == until)

            self._loop.run_while(goes_on)
        assert ended == (until is None)
        return [json.loads(line) for line in heard.splitlines()]


@pytest.fixture
def control() -> Iterator[Control]:
    with Loop() as loop:
        # Wake the loop regularly, so that the test can check what has been received.
        loop.call_every(0.005, lambda: None)
        one = Control(loop)
        yield one
        one.clients.close()
        one.listener.close()


LISTED = {"ok": True, "faults": []}


def test_each_line_is_answered(control: Control) -> None:
    lines = b'{"do": "list"}\n\n{"do": "add", "fault": "drop-fin"}\r\n{"do": "list"}\n'
    assert control.answers(lines, 3) == [LISTED, {"ok": True, "number": 8}, LISTED]


def test_last_line_may_lack_a_newline(control: Control) -> None:
    assert control.answers(b'{"do": "list"}\n{"do": "list"}', None) == [LISTED, LISTED]


def test_invalid_lines_are_answered(control: Control) -> None:
    answers = control.answers(b"GET / HTTP/1.1\r\n\xff\n", 2)
    assert [one["ok"] for one in answers] == [False, False]


def test_line_too_long_ends_the_connection(control: Control) -> None:
    (answer,) = control.answers(b"x" * (LONGEST + 100_000), None)
    assert answer["ok"] is False
    assert control.answers(b'{"do": "list"}\n', 1) == [LISTED]
