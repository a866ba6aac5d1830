"""The guide's examples of the library, run as they stand there, with other addresses."""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path

from ..peer import DEADLINE, Peer, connected, listening
from ..programs import Program

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def example(of: str, addresses: dict[str, str]) -> Program:
    """The example that holds this, started with these addresses in place of its own."""
    (code,) = [block for block in EXAMPLES if of in block]
    for theirs, ours in addresses.items():
        assert theirs in code
        code = code.replace(theirs, ours)
    # Each example stands alone, but the imports are in the first.
    return Program(sys.executable, "-uc", code if "import" in code else f"import pync\n{code}")


def test_dial_listen_and_relay(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    with listening() as server, socket.socket(socket.AF_UNIX) as app:
        app.bind(str(path))
        app.listen()
        app.settimeout(DEADLINE)
        addresses = {"localhost:9000": f"127.0.0.1:{server.port}", "/run/app.sock": str(path)}
        with example("pync.relay", addresses) as program:
            first = server.accepts()
            assert first.hears_rest() == b"hello\n"
            first.says(b"good day")
            first.closes()
            assert program.shows(b"\n") == b"b'good day'\n"
            shown = re.fullmatch(rb"tcp://127\.0\.0\.1:(\d+) (\d+)\n", program.shows(b"\n"))
            assert shown is not None
            assert shown[1] == shown[2]
            with connected(int(shown[1])) as client:
                sock, _ = app.accept()
                behind = Peer(sock)
                client.says(b"question")
                client.half_closes()
                assert behind.hears_rest() == b"question"
                behind.says(b"answer")
                behind.closes()
                assert client.hears_rest() == b"answer"
            assert program.ends(0) == b""


def test_errors() -> None:
    with listening() as server:
        port = server.port
        with example("pync.TlsError", {"localhost:9000": f"127.0.0.1:{port}"}) as program:
            peer = server.accepts()
            peer.says(b"this is not TLS\n")
            peer.half_closes()
            assert program.rest().startswith(b"not secure: ")
            assert program.ends(0) == b""
            peer.closes()
    with example("pync.TlsError", {"localhost:9000": f"127.0.0.1:{port}"}) as program:
        assert re.fullmatch(rb"dial \S+: connection refused \d+\n", program.rest())
        assert program.ends(0) == b""


def test_telnetlib() -> None:
    with listening() as server:
        with example("telnetlib", {"2323": server.port}) as program:
            peer = server.accepts()
            peer.says(b"\xff\xfd\x18login: ")
            peer.hears(b"\xff\xfc\x18admin\r\n")
            peer.says(b"Password: ")
            peer.hears_end()
            assert program.ends(0) == b""
