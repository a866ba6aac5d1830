"""The connection: opening, closing, negotiating and debugging."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import pytest

from pync import telnet

from ...peer import DEADLINE, Peer, listening


@pytest.fixture
def ends() -> Iterator[tuple[telnet.Telnet, Peer]]:
    with listening() as server, telnet.Telnet("127.0.0.1", server.port, DEADLINE) as tn:
        yield tn, server.accepts()


Ends = tuple[telnet.Telnet, Peer]


def test_open_close_and_open_again() -> None:
    tn = telnet.Telnet()
    assert (tn.sock, tn.get_socket(), tn.eof) == (None, None, False)
    assert "not connected" in repr(tn)
    for says in (b"one", b"two"):
        with listening() as server:
            tn.open("127.0.0.1", server.port, timeout=DEADLINE)
            assert repr(tn) == f"<Telnet 127.0.0.1 {server.port}>"
            peer = server.accepts()
            peer.says(says + b"\xff\xfa")
            peer.closes()
            assert tn.read_all() == says
    tn.close()
    tn.close()
    assert tn.eof
    with pytest.raises(EOFError):
        tn.read_until(b"x")
    with pytest.raises(OSError) as raised:
        tn.write(b"x")
    assert raised.value.errno == errno.ENOTCONN


def test_timeout_of_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def timeout_of(*arguments: float | None) -> float | None:
        with listening() as server, telnet.Telnet("127.0.0.1", server.port, *arguments) as tn:
            assert tn.sock is not None
            return tn.sock.gettimeout()

    assert (timeout_of(30), timeout_of(None), timeout_of()) == (30, None, None)
    socket.setdefaulttimeout(20)
    try:
        assert (timeout_of(30), timeout_of(None), timeout_of()) == (30, None, 20)
    finally:
        socket.setdefaulttimeout(None)


def test_read_uses_the_timeout_of_the_socket() -> None:
    with listening() as server, telnet.Telnet("127.0.0.1", server.port, 0.02) as tn:
        server.accepts()
        with pytest.raises(TimeoutError):
            tn.read_some()


def test_commands_and_negotiation(ends: Ends) -> None:
    tn, peer = ends
    tn.command(telnet.AYT)
    tn.negotiate(telnet.DO, telnet.SGA)
    tn.negotiate(253, 3)
    tn.write(b"a\xff\n")
    peer.hears(b"\xff\xf6\xff\xfd\x03a\xff\xff\n")
    peer.says(b"[yes]\xff\xfc\x03")
    peer.half_closes()
    assert tn.read_all() == b"[yes]"
    assert not tn.layer.peer.is_wanted(telnet.SGA[0])


def test_iac_is_escaped_once() -> None:
    with listening() as server, telnet.dial("127.0.0.1", server.port) as tn:
        tn.write(b"a\xff\n")
        server.accepts().hears(b"a\xff\xff\r\n")


def test_option_negotiation_callback(ends: Ends) -> None:
    tn, peer = ends
    seen: list[tuple[bytes, bytes, bytes]] = []

    def answer(sock: socket.socket, command: bytes, option: bytes) -> None:
        seen.append((command, option, tn.read_sb_data() if command == telnet.SE else b""))
        if command == telnet.DO:
            sock.sendall(telnet.IAC + telnet.WILL + option)

    tn.set_option_negotiation_callback(answer)
    peer.says(b"\xff\xfd\x18\xff\xfa\x18\x01\xff\xff\0\xff\xf0\xff\xf6end")
    assert tn.read_until(b"end") == b"end"
    peer.hears(b"\xff\xfb\x18")
    assert seen == [
        (telnet.DO, telnet.TTYPE, b""),
        (telnet.SB, telnet.NOOPT, b""),
        (telnet.SE, telnet.NOOPT, b"\x18\x01\xff\0"),
        (telnet.AYT, telnet.NOOPT, b""),
    ]
    assert tn.read_sb_data() == b""


def test_raw_queue(ends: Ends) -> None:
    tn, peer = ends
    peer.says(b"abc")
    peer.half_closes()
    assert tn.rawq_getchar() == b"a"
    assert tn.sock_avail()
    tn.process_rawq()
    assert tn.read_very_lazy() == b"bc"
    with pytest.raises(EOFError):
        tn.rawq_getchar()


def test_debug_output(ends: Ends, capsys: pytest.CaptureFixture[str]) -> None:
    tn, peer = ends
    tn.write(b"silent\n")
    tn.set_debuglevel(1)
    tn.write(b"x\n")
    peer.says(b"\xff\xfd\x01\xff\xf1y")
    assert tn.read_until(b"y") == b"y"
    name = f"Telnet({tn.host},{tn.port}): "
    assert capsys.readouterr().out == "".join(
        f"{name}{line}\n"
        for line in (
            "send b'x\\n'",
            "recv b'\\xff\\xfd\\x01\\xff\\xf1y'",
            "IAC DO 1",
            "IAC 241 not recognized",
        )
    )
