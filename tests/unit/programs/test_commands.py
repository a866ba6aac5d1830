"""Commands of many clients; tests/e2e/test_commands.py tests the complete program."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...systems import only_posix

if TYPE_CHECKING:
    from tests.unit.conftest import Running

Start = Callable[..., "Running"]


def serving(pync: Start, *words: str) -> tuple[Running, int]:
    # It ends when no client has been connected for a while.
    running = pync("-lkv", "--accept-timeout=300ms", *words, "127.0.0.1", 0)
    return running, int(running.says().rpartition(" ")[2])


def ask(port: int, word: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(word)
        client.shutdown(socket.SHUT_WR)
        heard = b""
        while piece := client.recv(1000):
            heard += piece
        return heard


@only_posix
def test_each_client_has_its_own_command(pync: Start) -> None:
    running, port = serving(pync, "--exec", "cat")
    assert [ask(port, word) for word in (b"one", b"two")] == [b"one", b"two"]
    status, _, said = running.ends()
    assert status == 1
    assert said.splitlines()[-1].endswith("timed out")


@only_posix
def test_running_command_counts_as_a_client(pync: Start, tmp_path: Path) -> None:
    """A command counts as a client until it ends, also for --accept-timeout."""
    ended = tmp_path / "ended"
    running, port = serving(pync, "-c", f"exec >&-; sleep 0.6; touch '{ended}'")
    assert ask(port, b"") == b""
    assert running.ends()[0] == 1
    assert ended.exists()


@only_posix
def test_command_cannot_be_run(pync: Start, tmp_path: Path) -> None:
    command = tmp_path / "command"
    command.write_text("#!/no/such/interpreter\n")
    command.chmod(0o755)
    running, port = serving(pync, "--exec", str(command))
    assert ask(port, b"") == b""
    said = running.ends()[2]
    assert f"pync: exec {command}: no such file or directory\n" in said
