"""Talking: the script first, then the user."""

from __future__ import annotations

import os
import threading

import pytest

from pync.core.config import Config
from pync.core.events import silent
from pync.core.script import parse
from pync.programs.talk import script_of, talk
from pync.transports.memory import pair
from pync.transports.stdio import Stdio


def test_without_a_script_the_user_talks() -> None:
    assert script_of(Config()) is None


@pytest.mark.parametrize(("until", "met"), [("b", True), (None, False)])
def test_whether_enough_came(until: str | None, met: bool) -> None:
    ours, peer = pair()
    reading, writing = os.pipe()
    with ours, peer, Stdio(None, writing) as stdio:
        peer.send_all(b"abc")
        peer.send_eof()
        assert talk(Config(until=until), stdio, ours, silent) is met
        assert os.read(reading, 10) == (b"ab" if met else b"abc")
    os.close(reading)
    os.close(writing)


def test_after_a_script_that_is_over_the_peer_hears_our_end() -> None:
    ours, peer = pair()
    reading, writing = os.pipe()
    heard = []
    thread = threading.Thread(target=lambda: heard.extend([peer.recv(9), peer.recv(9)]))
    thread.start()
    with ours, peer, Stdio(None, writing) as stdio:
        assert talk(Config(), stdio, ours, silent, parse('send "bye"', "x")) is False
        thread.join(10)
    assert heard == [b"bye", b""]
    os.close(reading)
    os.close(writing)
