"""WebSockets: messages, closing and exit statuses, with a peer that sends exact bytes."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from ..frames import BINARY, CLOSE, NORMAL, PING, PONG, TEXT, accepts, asks, frame, hears, masked
from ..peer import Server, connected
from ..programs import PYNC
from .conftest import Start, heard_port

pytest.importorskip("wsproto", reason="wsproto is not installed")


def url(server: Server, path: str = "/") -> str:
    return f"ws://127.0.0.1:{server.port}{path}"


# The client.


def test_lines_are_messages_both_ways(pync: Start, server: Server) -> None:
    program = pync(url(server))
    peer = accepts(server)
    program.write(b"one\n\nhal")
    hears(peer, TEXT, b"one")
    hears(peer, TEXT, b"")
    program.write(b"f\n")
    hears(peer, TEXT, b"half")
    peer.says(frame(TEXT, b"answer") + frame(BINARY, b"\xff\x00"))
    program.shows(b"answer\n\xff\x00\n")
    program.end_input()
    hears(peer, CLOSE, b"\x03\xe8")
    peer.says(NORMAL)
    program.ends(0)
    peer.hears_end()


def test_answer_to_the_last_line_is_received(pync: Start, server: Server) -> None:
    """The last line has no newline, and the input ends immediately after it."""
    program = pync(url(server))
    peer = accepts(server)
    program.write(b"question")
    program.end_input()
    hears(peer, TEXT, b"question")
    peer.says(frame(TEXT, b"answer"))
    program.shows(b"answer\n")
    hears(peer, CLOSE, b"\x03\xe8")
    # Data that the peer sends before its Close frame is still received.
    peer.says(frame(TEXT, b"late") + NORMAL)
    assert program.ends(0) == b""
    assert program.rest() == b"late\n"


def test_peer_close_ends_it_in_any_state_of_the_input(pync: Start, server: Server) -> None:
    program = pync("-v", url(server))
    peer = accepts(server)
    peer.says(frame(TEXT, b"bye") + frame(CLOSE, b"\x03\xe8done"))
    hears(peer, CLOSE, b"\x03\xe8done")
    program.hears(rb"WebSocket closed with 1000 \(normal closure\): done\n")
    program.ends(0)
    assert program.rest() == b"bye\n"


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        (1001, 0, b""),
        (None, 0, b""),
        (1002, 14, b"the peer closed it with 1002 (protocol error)\n"),
        (1011, 14, b"the peer closed it with 1011 (internal error): why\n"),
        (4000, 14, b"the peer closed it with 4000\n"),
    ],
)
def test_exit_status_depends_on_the_close_code(
    pync: Start, server: Server, code: int | None, status: int, said: bytes
) -> None:
    program = pync("--exit-codes=detailed", url(server))
    reason = b"why" if code == 1011 else b""
    accepts(server).says(frame(CLOSE, struct.pack("!H", code) + reason if code else b""))
    complaint = program.ends(status)
    assert complaint.endswith(said)
    assert complaint.count(b"\n") == bool(said)


def test_unsent_input_is_a_failure(pync: Start, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"a line\n" * 3_000_000)  # more than all buffers hold
    with path.open("rb") as lines:
        program = pync(url(server), stdin=lines)
        peer = accepts(server)
        peer.says(frame(CLOSE, b"\x03\xe8"))
        with pytest.raises((AssertionError, ConnectionResetError)):
            peer.hears_to(b"never", 1 << 30)
    assert program.ends(1).startswith(b"pync: relay ws://127.0.0.1:")


def test_pings_are_answered_and_sent(pync: Start, server: Server) -> None:
    program = pync("--ping-interval=0.1", url(server))
    peer = accepts(server)
    peer.says(frame(PING, b"are you there"))
    heard = {PONG: False, PING: False}
    while not all(heard.values()):
        opcode = peer.sock.recv(1)
        if opcode == PING:
            peer.hears(b"\x80")
            peer.sock.recv(4)
            peer.says(frame(PONG, b""))
        else:
            peer.sock.recv(1 + 4 + len(b"are you there"))
        heard[opcode] = True
    peer.says(NORMAL)
    program.ends(0)


def test_peer_that_does_not_answer_pings_is_disconnected(pync: Start, server: Server) -> None:
    program = pync("--ping-interval=0.1", url(server))
    accepts(server)
    assert program.ends(1).endswith(b": the peer does not answer a ping\n")


def test_long_line_is_one_message(pync: Start, server: Server) -> None:
    program = pync(url(server))
    peer = accepts(server)
    line = b"y" * 100_000
    program.write(line)
    program.write(b"\n")
    message, fin = b"", 0
    while not fin:
        fin = peer.sock.recv(1)[0] & 0x80
        size = peer.sock.recv(1)[0] & 0x7F
        if size == 126:
            size = struct.unpack("!H", peer.hears_to(b"", 2))[0]
        elif size == 127:
            size = struct.unpack("!Q", peer.hears_to(b"", 8))[0]
        key = peer.hears_to(b"", 4)
        data = peer.hears_to(b"", size)
        message += bytes(one ^ key[at % 4] for at, one in enumerate(data))
    assert message == line
    peer.says(NORMAL)
    program.ends(0)


@pytest.mark.parametrize(
    ("says", "cause"),
    [
        (b"", b"the peer ended without a Close frame (1006): data may be missing"),
        (b"\x81\x05hel", b"the peer ended without a Close frame (1006): data may be missing"),
        (
            b"\x81\x82\0\0\0\0hi",
            b"the peer violates the protocol: client received unexpected masked",
        ),
        (b"\xc1\x00", b"the peer violates the protocol: Reserved bit set unexpectedly"),
        (b"\x83\x00", b"the peer violates the protocol: Invalid opcode 0x3"),
        (b"\x81\x01\xff", b"the peer violates the protocol: text that is not UTF-8"),
        (b"\x88\x01x", b"the peer violates the protocol: CLOSE with 1 byte payload"),
        (b"\x81\x7f\xff" + bytes(7), b"the peer violates the protocol: 8-byte payload length"),
    ],
)
def test_protocol_error_of_the_peer_is_one_line(
    pync: Start, server: Server, says: bytes, cause: bytes
) -> None:
    program = pync(url(server))
    peer = accepts(server)
    peer.says(says)
    peer.half_closes()
    complaint = program.ends(1)
    assert complaint.startswith(f"pync: relay ws://127.0.0.1:{server.port}: ".encode() + cause)
    assert complaint.count(b"\n") == 1


@pytest.mark.parametrize(
    ("says", "cause"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", b"the server answered 404 Not Found"),
        (b"HTTP/1.1 101 x\r\n", b"the connection ended in the handshake"),
        (b"SSH-2.0-OpenSSH\r\n", b"the server does not speak HTTP: it answered 'SSH-2.0-OpenSSH'"),
        (b"", b"the connection ended in the handshake"),
    ],
)
def test_failed_handshake_is_one_line(
    pync: Start, server: Server, says: bytes, cause: bytes
) -> None:
    program = pync("--exit-codes=detailed", url(server, "/x"))
    peer = server.accepts()
    peer.hears_to(b"\r\n\r\n", 50)
    peer.says(says)
    peer.half_closes()
    said = f"pync: dial ws://127.0.0.1:{server.port}/x: ".encode() + cause + b"\n"
    assert program.ends(14) == said


def test_server_does_not_answer(pync: Start, server: Server) -> None:
    program = pync("-w", "0.3", url(server))
    server.accepts().hears_to(b"\r\n\r\n", 50)
    assert program.ends(1).endswith(b": the handshake timed out\n")


def test_signal_sends_close_code_1001(pync: Start, server: Server) -> None:
    program = pync(url(server))
    peer = accepts(server)
    program.write(b"x\n")
    hears(peer, TEXT, b"x")
    program.process.terminate()
    hears(peer, CLOSE, b"\x03\xe9")
    program.ends(None)


def test_login_is_sent_but_never_shown(pync: Start, server: Server) -> None:
    program = pync("-v", "--json", f"ws://me:secret@127.0.0.1:{server.port}/")
    peer = server.accepts()
    assert b"\r\nAuthorization: Basic bWU6c2VjcmV0\r\n" in peer.hears_to(b"\r\n\r\n", 50)
    peer.says(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
    complaint = program.ends(1)
    assert b"the server answered 401 Unauthorized" in complaint
    assert b"secret" not in complaint


# The listener.


def test_listener_serves_one_client(pync: Start) -> None:
    program = pync("-lv", "ws://127.0.0.1:0/chat")
    with connected(heard_port(program)) as peer:
        assert asks(peer, b"/chat?x") == b"HTTP/1.1 101 Switching Protocols"
        program.write(b"hello\n")
        peer.hears(frame(TEXT, b"hello"))
        peer.says(masked(TEXT, b"hi") + masked(CLOSE, b"\x03\xe8"))
        peer.hears(NORMAL)
    program.ends(0)
    assert program.rest() == b"hi\n"


@pytest.mark.parametrize(
    ("head", "status", "said"),
    [
        ((b"/other",), b"404", rb"the client asked for '/other'"),
        ((b"/x", b"Origin: http://evil"), b"403", rb"a page of http://evil \(--origin="),
    ],
)
def test_rejected_client_gets_the_reason_and_the_next_is_served(
    pync: Start, head: tuple[bytes, ...], status: bytes, said: bytes
) -> None:
    program = pync("-lkv", "--exec=cat", "ws://127.0.0.1:0/x")
    port = heard_port(program)
    with connected(port) as peer, connected(port) as other:
        assert asks(peer, *head).startswith(b"HTTP/1.1 " + status)
        program.hears(said)
        assert asks(other, b"/x") == b"HTTP/1.1 101 Switching Protocols"
        other.says(masked(TEXT, b"echo"))
        other.hears(frame(TEXT, b"echo"))


@pytest.mark.parametrize(
    ("says", "answer", "said"),
    [
        (b"\x81\x02hi", b"\x03\xea", rb"server received unexpected unmasked frame"),
        (masked(TEXT, b"\xff"), b"\x03\xef", rb"text that is not UTF-8"),
        (masked(b"\xf1", b"x"), b"\x03\xea", rb"Reserved bit set unexpectedly"),
    ],
)
def test_protocol_error_ends_only_its_client(
    pync: Start, says: bytes, answer: bytes, said: bytes
) -> None:
    program = pync("-lkv", "--broker", "ws://127.0.0.1:0")
    port = heard_port(program)
    with connected(port) as bad, connected(port) as one, connected(port) as other:
        for peer in (bad, one, other):
            assert asks(peer) == b"HTTP/1.1 101 Switching Protocols"
        bad.says(says)
        assert bad.hears_rest()[2:4] == answer
        program.hears(said)
        one.says(masked(TEXT, b"all"))
        other.hears(frame(TEXT, b"all"))


def test_broker_relays_whole_messages(pync: Start) -> None:
    program = pync("-lkv", "--broker", "ws://127.0.0.1:0")
    port = heard_port(program)
    with connected(port) as one, connected(port) as two, connected(port) as three:
        for peer in (one, two, three):
            asks(peer)
        one.says(masked(b"\x01", b"be"))  # a fragment; the rest of the message comes later
        two.says(masked(TEXT, b"between"))
        three.hears(frame(TEXT, b"between"))
        one.says(masked(b"\x80", b"gun"))
        three.hears(frame(TEXT, b"begun"))


def test_silent_client_does_not_delay_others(pync: Start) -> None:
    program = pync("-lkv", "ws://127.0.0.1:0")
    port = heard_port(program)
    with connected(port), connected(port) as peer:
        asks(peer)
        program.write(b"served\n")
        peer.hears(frame(TEXT, b"served"))


# TLS and a proxy; a missing package.


def test_with_tls_and_through_a_proxy(pync: Start) -> None:
    listener = pync("-lv", "wss://127.0.0.1:0", "--exec=cat")
    port = heard_port(listener)
    proxy = pync("-lv", "--proxy-type=socks5", "127.0.0.1", "0")
    via = f"--proxy=127.0.0.1:{heard_port(proxy)}"
    words = ("--insecure", via, "--proxy-type=socks5", f"wss://127.0.0.1:{port}/x")
    client = pync("-v", *words)
    client.write(b"there and back\n")
    client.shows(b"there and back\n")
    client.end_input()
    assert b"WebSocket closed with 1000" in client.ends(0)


def test_missing_wsproto_is_one_error_line(tmp_path: Path) -> None:
    (tmp_path / "wsproto.py").write_text("raise ModuleNotFoundError('wsproto')\n")
    done = subprocess.run(
        [*PYNC, "ws://127.0.0.1:1"],
        env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
        capture_output=True,
        check=False,
    )
    said = b"pync: a WebSocket needs wsproto: pip install 'pync-nc[ws]'\n"
    assert (done.returncode, done.stderr) == (2, said)
