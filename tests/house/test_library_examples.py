"""Every example of docs/library.md runs with servers on loopback."""

from __future__ import annotations

import re
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

GUIDE = (Path(__file__).parents[2] / "docs" / "library.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"\n## ([^\n]+)|```python\n(.*?)```", GUIDE, re.DOTALL)


def examples() -> Iterator[Any]:
    """Each example, by its section and number."""
    section, number = "", 0
    for heading, code in BLOCKS:
        if heading:
            section, number = heading, 0
            continue
        number += 1
        yield pytest.param(code, id=f"{section} {number}")


# The servers: each sends what the real one sends (some use Python's server modules).


class Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        # A TLS client resets the connection when it receives its own bytes.
        with suppress(ConnectionError):
            while data := self.request.recv(65536):
                self.request.sendall(data)


class Smtp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 localhost\r\n")
        while line := self.rfile.readline():
            verb = line.split()[0]
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
            if verb == b"EHLO":
                self.wfile.write(b"250-localhost\r\n250-PIPELINING\r\n")
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return


class Redis(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        store: dict[bytes, bytes] = {}
        while line := self.rfile.readline():
            words = []
            for _ in range(int(line[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:-2])
            if words[0] == b"SET":
                store[words[1]] = words[2]
                self.wfile.write(b"+OK\r\n")
            elif words[0] == b"DEL":
                self.wfile.write(b":%d\r\n" % (store.pop(words[1], None) is not None))
            elif words[1] in store:
                value = store[words[1]]
                self.wfile.write(b"$%d\r\n%b\r\n" % (len(value), value))
            else:
                self.wfile.write(b"$-1\r\n")


class Http(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: Any) -> None:
        pass


class Login(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"\xff\xfd\x18login: ")
        self.rfile.readline()
        self.wfile.write(b"Password: ")


class Threaded(socketserver.ThreadingTCPServer):
    daemon_threads = False


#: The addresses of the guide -> the server for each.
SERVERS: dict[str, Callable[[], socketserver.TCPServer]] = {
    "localhost:9000": lambda: Threaded(("127.0.0.1", 0), Echo),
    "localhost:2525": lambda: Threaded(("127.0.0.1", 0), Smtp),
    "localhost:6379": lambda: Threaded(("127.0.0.1", 0), Redis),
    "localhost:8080": lambda: ThreadingHTTPServer(("127.0.0.1", 0), Http),
    '"localhost", 2323': lambda: Threaded(("127.0.0.1", 0), Login),
}


@pytest.fixture
def at_loopback() -> Iterator[Callable[[str], str]]:
    """Replace each address in an example with that of a server."""
    with ExitStack() as stack:

        def replace(code: str) -> str:
            for name, begin in SERVERS.items():
                if name not in code:
                    continue
                server = stack.enter_context(begin())
                running = threading.Thread(target=server.serve_forever, args=(0.01,))
                running.start()
                stack.callback(running.join)
                stack.callback(server.shutdown)
                host, colon, _ = name.rpartition(":" if ":" in name else " ")
                port = server.server_address[1]
                code = code.replace(name, f"{host.replace('localhost', '127.0.0.1')}{colon}{port}")
            return code

        yield replace


@pytest.mark.parametrize("code", list(examples()))
def test_example_runs(
    code: str, at_loopback: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    if '"tls://127.0.0.1:0"' in code and not find_spec("cryptography"):
        pytest.skip("cryptography is not installed")
    if "socketpair" in code and sys.platform == "win32":
        pytest.skip("only on Linux and macOS: a socketpair that can be half-closed")
    before = set(threading.enumerate())
    exec(compile(at_loopback(code), "library.md", "exec"), {"__name__": "__main__"})
    for thread in set(threading.enumerate()) - before:
        if "serve_forever" not in thread.name and "process_request" not in thread.name:
            thread.join(20)
            assert not thread.is_alive(), thread
    assert "Traceback" not in capsys.readouterr().err


def test_every_section_with_code_is_run() -> None:
    assert len(list(examples())) >= 12
