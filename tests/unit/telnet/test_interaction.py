"""interact: typed lines are sent, and received text is shown, until either side ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

import pytest

from pync import telnet

from ...peer import DEADLINE, Peer, listening
from ...systems import only_posix

pytestmark = only_posix

Ends = tuple[telnet.Telnet, Peer, Callable[[bytes], None]]


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ends]:
    """A connection, its host, and a function that types into stdin (``b""`` closes it)."""
    reading, writing = os.pipe()

    def types(data: bytes) -> None:
        if data:
            os.write(writing, data)
        else:
            os.close(writing)

    with (
        open(reading) as stdin,
        listening() as server,
        telnet.Telnet("127.0.0.1", server.port, DEADLINE) as tn,
    ):
        monkeypatch.setattr(sys, "stdin", stdin)
        yield tn, server.accepts(), types


def test_lines_are_sent_until_the_input_ends(ends: Ends) -> None:
    tn, peer, types = ends
    types("hello\nwörld\n".encode())
    types(b"")
    tn.interact()
    tn.close()
    assert peer.hears_rest() == "hello\nwörld\n".encode()


def test_received_text_is_shown_until_the_host_ends(
    ends: Ends, capsys: pytest.CaptureFixture[str]
) -> None:
    tn, peer, types = ends
    peer.says(b"first ")
    assert tn.read_until(b"fi") == b"fi"
    peer.says("wörld\r\n".encode())
    peer.closes()
    tn.interact()
    types(b"")
    assert capsys.readouterr().out == "rst wörld\r\n*** Connection closed by remote host ***\n"


def test_with_a_thread(ends: Ends, capsys: pytest.CaptureFixture[str]) -> None:
    tn, peer, types = ends
    peer.says(b"welcome\n")
    peer.half_closes()
    tn.listener()
    assert capsys.readouterr().out == "welcome\n*** Connection closed by remote host ***\n"
    types(b"line\n")
    types(b"")
    tn.mt_interact()
    tn.close()
    assert peer.hears_rest() == b"line\n"


def test_incomplete_character_is_shown_as_replacement(
    ends: Ends, capsys: pytest.CaptureFixture[str]
) -> None:
    tn, peer, types = ends
    peer.says("é".encode()[:1])
    peer.closes()
    tn.listener()
    types(b"")
    assert capsys.readouterr().out == "�*** Connection closed by remote host ***\n"
