"""Reading from a TELNET host: matches, time-outs and EOF."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from pync import DialError, telnet

from ...peer import DEADLINE, Peer, listening


@pytest.fixture
def ends() -> Iterator[tuple[telnet.Telnet, Peer]]:
    """A connection as telnetlib makes it: bytes are not converted."""
    with listening() as server, telnet.Telnet("127.0.0.1", server.port, DEADLINE) as tn:
        yield tn, server.accepts()


Ends = tuple[telnet.Telnet, Peer]


def test_login_dialogue() -> None:
    able = telnet.Abilities(
        ours=frozenset({telnet.TTYPE[0]}), answer={telnet.TTYPE[0]: lambda _data: b"\0DUMB"}
    )
    with (
        listening() as server,
        telnet.dial("127.0.0.1", server.port, timeout=DEADLINE, abilities=able) as tn,
    ):
        peer = server.accepts()
        peer.says(b"\xff\xfd\x18hello\r\nlog")
        peer.says(b"in: ")
        assert tn.read_until(b"login: ") == b"hello\nlogin: "
        tn.write(b"joe\n")
        peer.hears(b"\xff\xfb\x18joe\r\n")
        peer.says(b"\xff\xfa\x18\x01\xff\xf0joe@host> rest")
        number, found, text = tn.expect([rb"Password: ", rb"(\w+)@host> "])
        assert found is not None
        assert (number, found[1], text) == (1, b"joe", b"joe@host> ")
        peer.hears(b"\xff\xfa\x18\0DUMB\xff\xf0")
        assert tn.read_some() == b"rest"
        peer.says(b"last words\r")
        peer.closes()
        assert tn.read_all() == b"last words\r"


def test_timeout_returns_received_data(ends: Ends) -> None:
    tn, peer = ends
    peer.says(b"almost\r\n\xff\xfd\x63")
    assert tn.read_until(b"never", timeout=0.05) == b"almost\r\n"
    peer.hears(b"\xff\xfc\x63")
    assert tn.read_until(b"never", timeout=0) == b""
    peer.says(b"not quite")
    assert tn.expect([b"never"], timeout=0.05) == (-1, None, b"not quite")
    assert tn.expect([b"never"], timeout=0) == (-1, None, b"")


def test_endless_data_does_not_extend_the_timeout(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    tn, _ = ends
    # The same byte is received again and again.
    monkeypatch.setattr(tn, "sock_avail", lambda: True)
    monkeypatch.setattr(tn, "_wait", lambda _deadline: True)
    monkeypatch.setattr(tn, "fill_rawq", lambda: setattr(tn, "rawq", b"x"))
    assert set(tn.read_until(b"never", timeout=0.02)) == set(b"x")


def test_first_matching_pattern_wins(ends: Ends) -> None:
    tn, peer = ends
    peer.says(b"one two three")
    number, match, text = tn.expect([b"four", re.compile(b"(?i)TWO"), b"one"])
    assert match is not None
    assert (number, match.group(), text) == (1, b"two", b"one two")
    assert tn.read_until(b"thr") == b" thr"
    assert tn.read_very_lazy() == b"ee"


def test_eof_is_raised_after_received_data(ends: Ends) -> None:
    tn, peer = ends
    peer.says(b"last words\r")
    peer.half_closes()
    assert tn.read_until(b"never") == b"last words\r"
    for read in (
        lambda: tn.read_until(b"x"),
        lambda: tn.expect([b"x"]),
        tn.read_eager,
        tn.read_very_eager,
        tn.read_lazy,
        tn.read_very_lazy,
    ):
        with pytest.raises(EOFError):
            read()
    assert (tn.read_some(), tn.read_all(), tn.eof) == (b"", b"", True)


def test_eager_and_lazy(ends: Ends) -> None:
    tn, peer = ends
    assert tn.read_very_eager() == tn.read_eager() == tn.read_lazy() == b""
    peer.says(b"one\xff\xf1 two\0")
    assert tn.read_lazy() == b""
    tn.fill_rawq()
    assert (tn.read_very_lazy(), tn.rawq) == (b"", b"one\xff\xf1 two\0")
    assert tn.read_lazy() == b"one two"
    peer.says(b"three")
    assert tn.read_very_eager() == b"three"


def test_connection_refused() -> None:
    with listening() as server:
        port = server.port
    with pytest.raises(DialError, match="connection refused"):
        telnet.dial("127.0.0.1", port, timeout=30)


def test_data_before_a_reset_is_read(ends: Ends) -> None:
    tn, peer = ends
    tn.write(b"x\n")
    peer.hears(b"x\n")
    peer.says(b"bye" + b"\xff\xfd\x63")
    peer.closes()
    assert tn.sock is not None
    tn.sock.sendall(b"unread")  # the answer is an RST
    assert tn.read_until(b"bye") == b"bye"
