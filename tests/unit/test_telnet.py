"""TELNET for programs, as those who had telnetlib knew it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import pync.telnet
from pync import DialError
from pync.layers.telnet_protocol import AYT, DO, SGA, TTYPE

from ..peer import Peer, listening


@pytest.fixture
def ends() -> Iterator[tuple[pync.telnet.Telnet, Peer]]:
    able = pync.telnet.Abilities(ours=frozenset({TTYPE}), answer={TTYPE: lambda _data: b"\0DUMB"})
    with (
        listening() as server,
        pync.telnet.dial("127.0.0.1", server.port, timeout=30, abilities=able) as telnet,
    ):
        yield telnet, server.accepts()


Ends = tuple[pync.telnet.Telnet, Peer]


def test_a_login(ends: Ends) -> None:
    telnet, peer = ends
    peer.says(b"\xff\xfd\x18hello\r\nlog")
    peer.says(b"in: ")
    assert telnet.read_until(b"login: ") == b"hello\nlogin: "
    telnet.write(b"joe\n")
    peer.hears(b"\xff\xfb\x18joe\r\n")
    peer.says(b"\xff\xfa\x18\x01\xff\xf0joe@host> rest")
    number, found, text = telnet.expect([rb"Password: ", rb"(\w+)@host> "])
    assert (number, found[1], text) == (1, b"joe", b"joe@host> ")
    peer.hears(b"\xff\xfa\x18\0DUMB\xff\xf0")
    assert telnet.read_some() == b"rest"


def test_what_did_not_come_in_time_stays_to_be_read(ends: Ends) -> None:
    telnet, peer = ends
    peer.says(b"almost\xff\xfd\x63")
    with pytest.raises(TimeoutError):
        telnet.read_until(b"never", timeout=0.05)
    peer.hears(b"\xff\xfc\x63")
    assert telnet.read_eager() == b"almost"
    assert telnet.read_eager() == b""


def test_the_end(ends: Ends) -> None:
    telnet, peer = ends
    peer.says(b"last words\r")
    peer.closes()
    with pytest.raises(EOFError, match="last words"):
        telnet.read_until(b"never")
    assert telnet.read_all() == b"last words\r"
    assert telnet.read_some() == b""
    telnet.close()
    telnet.close()


def test_commands_and_wishes(ends: Ends) -> None:
    telnet, peer = ends
    telnet.command(AYT)
    telnet.negotiate(DO, SGA)
    telnet.write(b"\xff")
    peer.hears(b"\xff\xf6\xff\xfd\x03\xff\xff")
    peer.says(b"[yes]\xff\xfc\x03")
    peer.half_closes()
    assert telnet.read_all() == b"[yes]"
    assert not telnet.layer.peer.is_wanted(SGA)


def test_nobody_listens() -> None:
    with listening() as server:
        port = server.port
    with pytest.raises(DialError, match="connection refused"):
        pync.telnet.dial("127.0.0.1", port, timeout=30)


def test_a_host_that_asks_and_leaves_is_still_read(ends: Ends) -> None:
    telnet, peer = ends
    telnet.write(b"x\n")
    peer.hears(b"x\r\n")
    peer.says(b"bye" + b"\xff\xfd\x63")
    peer.closes()
    telnet.conn.send_all(b"unread")  # a RST comes back
    assert telnet.read_until(b"bye") == b"bye"
