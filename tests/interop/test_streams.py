"""pync and nc, ncat, socat: 100 MB each way at once, over TCP and Unix sockets."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..programs import Program, is_bound, is_listening_path, listening_pync, needs, pync, until
from .peers import CONNECTS, CONNECTS_TO_PATH, LISTENS, LISTENS_AT_PATH

SIZE = 100_000_000


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 MB for one direction."""
    return bulk(tmp_path_factory.mktemp("bulk") / "here")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 MB for the other direction."""
    return bulk(tmp_path_factory.mktemp("bulk") / "there")


def bulk(path: Path) -> Path:
    block = os.urandom(1_000_000)
    with path.open("wb") as file:
        for number in range(SIZE // len(block)):
            file.write(number.to_bytes(4, "big") + block[4:])
    return path


#: A listening nc exits after the peer's FIN as soon as its buffers are empty, even if its
#: own input continues: the FIN sent to it must come last.
OURS = {"nc": ["--half-open", "--no-shutdown"]}


def options(peer: str) -> list[str]:
    return OURS.get(peer, ["--half-open"])


class Exchange:
    """Two programs, each with a file to send and a file to receive into."""

    def __init__(self, here: Path, there: Path, folder: Path) -> None:
        self.stack = ExitStack()
        self.sent = here, there
        self.received = folder / "received-there", folder / "received-here"

    def __enter__(self) -> Exchange:
        return self

    def __exit__(self, *details: object) -> None:
        self.stack.close()

    def start(self, side: int, starter: Callable[..., Program], *words: str) -> Program:
        source = self.stack.enter_context(self.sent[side].open("rb"))
        sink = self.stack.enter_context(self.received[side].open("wb"))
        return self.stack.enter_context(starter(*words, stdin=source, stdout=sink))

    def is_right(self, *programs: Program) -> None:
        for program in programs:
            program.ends(0)
        for sent, received in zip(self.sent, reversed(self.received)):
            assert filecmp.cmp(sent, received, shallow=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("peer", ["nc", "ncat", "socat"])
def test_pync_connects_over_tcp(
    peer: str, host: str, port: int, here: Path, there: Path, tmp_path: Path
) -> None:
    with Exchange(here, there, tmp_path) as exchange:
        other = exchange.start(1, Program, needs(peer), *LISTENS[peer](host, port))
        until(lambda: is_bound(port, host=host), f"{peer} to listen", other)
        ours = exchange.start(0, pync, *options(peer), host, str(port))
        exchange.is_right(ours, other)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("peer", ["nc", "ncat", "socat"])
def test_pync_listens_over_tcp(
    peer: str, host: str, here: Path, there: Path, tmp_path: Path
) -> None:
    with Exchange(here, there, tmp_path) as exchange:
        command = needs(peer)
        ours = exchange.start(0, pync, "-lv", "--half-open", host, "0")
        chosen = int(ours.hears(rb"Listening on \S+ (\d+)").group(1))
        other = exchange.start(1, Program, command, *CONNECTS[peer](host, chosen))
        exchange.is_right(ours, other)


@pytest.mark.parametrize("peer", ["nc", "ncat", "socat"])
def test_pync_connects_to_a_path(peer: str, here: Path, there: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with Exchange(here, there, tmp_path) as exchange:
        other = exchange.start(1, Program, needs(peer), *LISTENS_AT_PATH[peer](path))
        until(lambda: is_listening_path(path), f"{peer} to listen", other)
        ours = exchange.start(0, pync, *options(peer), "-U", str(path))
        exchange.is_right(ours, other)


@pytest.mark.parametrize("peer", ["nc", "ncat", "socat"])
def test_pync_listens_at_a_path(peer: str, here: Path, there: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with Exchange(here, there, tmp_path) as exchange:
        command = needs(peer)
        ours = exchange.start(0, pync, "-lvU", "--half-open", str(path))
        ours.hears(rb"Listening on ")
        other = exchange.start(1, Program, command, *CONNECTS_TO_PATH[peer](path))
        exchange.is_right(ours, other)
    assert not path.exists()


@pytest.mark.parametrize("peer", ["nc", "ncat", "socat"])
def test_through_pipes(peer: str, here: Path, tmp_path: Path) -> None:
    """Through pipes on both sides, where splice moves the data."""
    command = needs(peer)
    received = tmp_path / "received"
    with ExitStack() as stack:
        sink = stack.enter_context(received.open("wb"))
        ours, port = listening_pync("--recv-only")
        stack.enter_context(ours)
        writer = stack.enter_context(Program("cat", stdin=ours.process.stdout, stdout=sink))
        source = stack.enter_context(Program("cat", str(here)))
        other = stack.enter_context(
            Program(command, *CONNECTS[peer]("127.0.0.1", port), stdin=source.process.stdout)
        )
        assert ours.process.stdout is not None
        assert source.process.stdout is not None
        ours.process.stdout.close()
        source.process.stdout.close()
        other.ends(0)
        ours.ends(0)
        writer.ends(0)
    assert filecmp.cmp(here, received, shallow=False)


@pytest.mark.parametrize("peer", ["nc", "ncat", "socat"])
def test_half_close_in_both_directions(peer: str) -> None:
    """The end of input is the peer's end of file, and its answer still arrives."""
    command = needs(peer)
    ours, port = listening_pync()
    with ours, Program(command, *CONNECTS[peer]("127.0.0.1", port)) as other:
        ours.write(b"question\n")
        ours.end_input()
        assert other.read(9) == b"question\n"
        other.write(b"an answer after the end\n")
        other.end_input()
        assert ours.rest() == b"an answer after the end\n"
        ours.ends(0)
        other.ends(0)
