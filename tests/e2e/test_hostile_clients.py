"""An exception caused by one client's bytes ends that client only, in every server.

The exceptions are those of the servers' parsers, raised where a client's bytes are read.
Random bytes are also sent to the unmodified servers.
"""

from __future__ import annotations

import random
import socket
import ssl
import sys
from collections.abc import Callable

import pytest

from ..peer import DEADLINE, Peer, connected, listening
from ..programs import PYNC, Program, said_by_now
from .conftest import heard_port

#: Runs pync; a client that sends 0xFF first raises the next of these exceptions.
POISONED = """
import itertools, struct, sys
from pync.cli import main
from pync.transports.conn import StreamConn
from pync.transports.layered import LayeredConn
kinds = itertools.cycle([
    ValueError("embedded null byte"), UnicodeError("label too long"), IndexError(), KeyError("x"),
    OverflowError(), RecursionError(), MemoryError(), AssertionError(), struct.error("x"),
    EOFError(), TypeError(), AttributeError(), RuntimeError("can't start new thread"),
    OSError(24, "Too many open files"),
])
def poison(kind):
    recv = kind.recv
    def poisoned(conn, *sizes):
        data = recv(conn, *sizes)
        if data[:1] == b"\\xff":
            raise next(kinds)
        return data
    kind.recv = poisoned
poison(StreamConn)
poison(LayeredConn)
sys.exit(main(sys.argv[1:]))
"""

#: Exceptions in that list.
KINDS = 14

SOCKS = b"\5\1\0\5\1\0\1\x7f\0\0\1"
HTTP = b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: h\r\n\r\n"

#: Prefixes of random bytes that pass the first check of a parser.
STARTS = (
    b"",
    b"\5",
    b"\4\1",
    b"\5\1\0\5\1\0\3",
    b"GET http://",
    b"CONNECT ",
    b"\xff\xfa",
    b"\x16\3\1",
)

#: Mode -> what a correct client sends (with the port of a listening target) and receives.
MODES: dict[str, tuple[Callable[[int], bytes], bytes]] = {
    "-lkt": (lambda _: b"hello", b""),
    "-lkt --ssl": (lambda _: b"hello", b""),
    "-lk --broker": (lambda _: b"hello", b""),
    "-lk --broker --ssl": (lambda _: b"hello", b""),
    "-lk --chat": (lambda _: b"hello", b"<announce> "),
    "-lk --exec /bin/cat": (lambda _: b"hello", b"hello"),
    "-lk --exec /bin/cat --ssl": (lambda _: b"hello", b"hello"),
    "-l --proxy-type socks": (lambda port: SOCKS + port.to_bytes(2, "big"), b"\5\0\5\0\0\1"),
    "-l --proxy-type socks --ssl": (lambda port: SOCKS + port.to_bytes(2, "big"), b"\5\0\5\0\0\1"),
    "-l --proxy-type http": (lambda port: HTTP % port, b"HTTP/1.1 200 "),
    "-l --proxy-type http --ssl": (lambda port: HTTP % port, b"HTTP/1.1 200 "),
}


def is_served(program: Program, port: int, mode: str, neighbour: Peer | None) -> None:
    """A new correct client, and the one that was connected before, are served."""
    says, hears = MODES[mode]
    with listening() as target:
        honest = client(port, mode)
        for peer in filter(None, (neighbour, honest)):
            peer.says(says(int(target.port)))
            peer.hears(hears)
        if "-lkt" in mode:
            assert program.shows(b"hello").endswith(b"hello")
        if "--broker" in mode and neighbour is not None:
            neighbour.hears(b"hello")
        for peer in filter(None, (neighbour, honest)):
            peer.closes()
    assert program.process.poll() is None


def client(port: int, mode: str) -> Peer:
    """A connection, with TLS where the mode requires it."""
    sock = socket.create_connection(("127.0.0.1", port), DEADLINE)
    if "--ssl" not in mode:
        return Peer(sock)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return Peer(context.wrap_socket(sock))


def is_let_go(peer: Peer) -> bool:
    """Wait until its connection ends, in any way."""
    try:
        peer.hears_rest()
    except OSError:
        pass
    peer.closes()
    return True


@pytest.mark.parametrize("mode", MODES)
def test_exception_ends_its_client_only(mode: str) -> None:
    argv = [sys.executable, "-c", POISONED, "-v", *mode.split(), "127.0.0.1", "0"]
    with Program(*argv) as program:
        port = heard_port(program)
        program.end_input()
        neighbour = None if "-lkt" in mode else client(port, mode)
        for _ in range(KINDS):
            hostile = client(port, mode)
            hostile.says(b"\xff")
            assert is_let_go(hostile)
        is_served(program, port, mode, neighbour)
        said = program.said + said_by_now(program)
    assert b"Traceback" not in said
    assert said.count(b"internal error: ") == KINDS - 1
    assert b"too many open files" in said.lower()


@pytest.mark.parametrize("mode", MODES)
def test_random_bytes_end_their_client_only(mode: str) -> None:
    random_ = random.Random(mode)
    with Program(*PYNC, "-v", *mode.split(), "127.0.0.1", "0") as program:
        port = heard_port(program)
        program.end_input()
        for _ in range(40):
            with connected(port) as hostile:
                try:
                    hostile.says(random_.choice(STARTS) + random_.randbytes(random_.randrange(300)))
                    hostile.half_closes()
                except OSError:
                    pass  # it was disconnected already
                if random_.random() < 0.5:
                    hostile.resets()
        is_served(program, port, mode, None)
        said = program.said + said_by_now(program)
    assert b"Traceback" not in said
    assert b"internal error" not in said
