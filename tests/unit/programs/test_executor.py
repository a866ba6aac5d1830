"""Commands for connections; tests/interop/test_exec.py compares them with ncat."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...systems import only_posix

if TYPE_CHECKING:
    from tests.unit.conftest import Running

Start = Callable[..., "Running"]


@only_posix
def test_client_runs_a_command(pync: Start, server: socket.socket) -> None:
    running = pync("--exec", "cat", "127.0.0.1", server.getsockname()[1])
    conn, _ = server.accept()
    with conn:
        conn.sendall(b"x")
        conn.shutdown(socket.SHUT_WR)
        assert conn.recv(10) == b"x"
        assert conn.recv(10) == b""
    assert running.ends() == (0, b"", "")


@only_posix
def test_exit_status_of_the_command(pync: Start, server: socket.socket) -> None:
    running = pync("-c", "exit 9", "127.0.0.1", server.getsockname()[1])
    conn, _ = server.accept()
    with conn:
        assert conn.recv(10) == b""
    assert running.ends()[0] == 9


@only_posix
def test_invalid_command_is_an_error_before_connecting(pync: Start) -> None:
    status, _, said = pync("-e", "'", "127.0.0.1", 1).ends()
    assert (status, said) == (1, "pync: exec ': no closing quotation\n")


@only_posix
def test_command_is_ended_if_its_client_resets(pync: Start) -> None:
    """cat blocks in a write and does not read, so it would never notice the end."""
    running = pync("-lv", "--exec", "cat", "127.0.0.1", 0)
    port = int(running.says().rpartition(" ")[2])
    with socket.create_connection(("127.0.0.1", port), 10) as conn:
        conn.settimeout(0.5)
        # Send until all buffers are full.
        try:
            while True:
                conn.sendall(bytes(65536))
        except TimeoutError:
            pass
    assert running.ends()[0] == 1
