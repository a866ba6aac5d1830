"""Test tools: a test whose peer program is missing is skipped; tests wait for listeners."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ..programs import is_bound, not_accepted

ROOT = Path(__file__).parents[2]

#: A test that starts a program, keeps no reference to it, and only then asks for a peer.
ASKS_LATE = """
import sys
from tests.programs import Program, needs

def test_asks_late():
    Program(sys.executable, "-c", "input()")
    needs("nc")

def test_asks_late_within(request):
    with Program(sys.executable, "-c", "input()"):
        needs("nc")
"""


def test_test_without_peer_program_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "test_asking.py").write_text(ASKS_LATE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rs", str(tmp_path)],
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "2 skipped" in done.stdout, done.stdout
    assert "nc is missing (Debian: netcat-openbsd)" in done.stdout
    assert "error" not in done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's /proc/net/tcp")
@pytest.mark.parametrize(
    ("host", "only_v6", "for_v4", "for_v6"),
    [
        ("127.0.0.1", None, True, False),
        ("::1", True, False, True),
        ("::", True, False, True),
        ("::", False, True, True),
    ],
)
def test_waiting_for_a_listener_checks_the_clients_address(
    host: str, only_v6: bool | None, for_v4: bool, for_v6: bool
) -> None:
    """ncat listens on :: and then on 0.0.0.0: until then, it refuses IPv4 clients."""
    with socket.socket(socket.AF_INET if only_v6 is None else socket.AF_INET6) as sock:
        if only_v6 is not None:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_v6)
        sock.bind((host, 0))
        port = sock.getsockname()[1]
        assert not is_bound(port)
        assert not is_bound(port, host="::1")
        sock.listen()
        assert is_bound(port) == for_v4
        assert is_bound(port, host="::1") == for_v6


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's /proc/net/tcp")
def test_clients_that_are_not_accepted_are_counted() -> None:
    """A program that has not accepted its clients yet has not seen them go either."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not_accepted(port) == 0
        for _ in range(2):
            socket.create_connection(("127.0.0.1", port)).close()
        assert not_accepted(port) == 2
        server.accept()[0].close()
        assert not_accepted(port) == 1
