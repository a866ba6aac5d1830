"""A server that runs out of descriptors serves again when some are free.

All modules that it needs for a client are imported before it listens: an import in a callback
would hit the limit, too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ..peer import Peer, connected, listening
from ..programs import PYNC, Program, said_by_now
from .conftest import heard_port

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no limit of descriptors there")

#: Runs pync, and writes a line for every import after the first socket was made.
AUDITED = """
import os, sys
from pync.cli import main
def hook(name, args):
    if name == "socket.bind":
        bound.append(name)
    elif name == "import" and bound:
        os.write(2, f"imports {args[0]}\\n".encode())
bound = []
sys.addaudithook(hook)
sys.exit(main(sys.argv[1:]))
"""

HTTP = b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: h\r\n\r\n"
SOCKS = b"\5\1\0\5\1\0\1\x7f\0\0\1"


def asks(kind: str, port: int) -> bytes:
    return HTTP % port if kind == "http" else SOCKS + port.to_bytes(2, "big")


def granted(kind: str) -> bytes:
    return b"HTTP/1.1 200 Connection established\r\n\r\n" if kind == "http" else b"\5\0\5\0\0\1"


@pytest.fixture
def target() -> Iterator[int]:
    with listening() as server:
        yield int(server.port)


@pytest.mark.parametrize(
    "words",
    [
        "-lk",
        "-lkt",
        "-lk -C --rate 1M --until never",
        "-lk --interval 10ms --count 9",
        "-lk --ssl",
        "-lk --broker",
        "-lk --chat",
        "-lk --exec /bin/cat",
        "-lk --exec /bin/cat --ssl",
        "-lk --exec /bin/cat --allow 127.0.0.1 --rate 1M",
        "-l --proxy-type socks",
        "-l --proxy-type socks --rate 1M",
        "-l --proxy-type http",
        "-l --proxy-type http --proxy socks5://127.0.0.1:1",
        "-l --proxy-type socks --proxy http://joe:x@127.0.0.1:1",
    ],
)
def test_no_module_is_imported_for_a_client(words: str) -> None:
    argv = [sys.executable, "-c", AUDITED, "-v", *words.split(), "127.0.0.1", "0"]
    with Program(*argv) as program:
        port = heard_port(program)
        program.end_input()
        before = program.said.index(b"Listening on ")
        for says in (b"hello\n", HTTP % 1, SOCKS + b"\0\1", b"\5\1\0\5\1\0\3\x04b\xc3\xbcr\0\1"):
            with connected(port) as client:
                client.says(says)
                client.half_closes()
                try:
                    client.hears_rest()
                except ConnectionError:
                    pass
        assert b"imports " not in program.said[before:] + said_by_now(program)


@pytest.mark.parametrize("kind", ["http", "socks"])
def test_proxy_continues_when_descriptors_are_free(kind: str, target: int) -> None:
    limited = ("sh", "-c", 'ulimit -n 20 && exec "$@"', "sh", *PYNC)
    words = ("-lv", "--proxy-type", kind, "127.0.0.1", "0")
    with Program(*limited, *words) as program, ExitStack() as crowd:
        port = heard_port(program)
        waiting = [crowd.enter_context(connected(port)) for _ in range(40)]
        for client in waiting:
            try:
                client.says(asks(kind, target))
            except ConnectionError:
                pass  # it was rejected: no descriptor was left for it
        # Some are served or rejected; the others wait to be accepted.
        assert any(answered(client) for client in waiting[:5])
        for client in waiting:
            client.resets()
        with connected(port) as client:
            client.says(asks(kind, target))
            client.hears(granted(kind))
        assert program.process.poll() is None


def answered(client: Peer) -> bool:
    try:
        return client.sock.recv(1) != b""
    except ConnectionError:
        return False
