"""Unix sockets: streams and datagrams, paths and abstract names, and who may remove a path."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..peer import Mailbox, Peer, Server
from ..programs import Program
from .conftest import Start

abstract = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: abstract names"
)


@contextmanager
def listening_at(path: Path | str) -> Iterator[Server]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()
        server = Server(sock)
        try:
            yield server
        finally:
            server.close()


@contextmanager
def connected_to(path: Path | str) -> Iterator[Peer]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        yield Peer(sock)


@contextmanager
def mailbox_at(path: Path | str) -> Iterator[Mailbox]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(path))
        yield Mailbox(sock)


def listens(program: Program) -> Program:
    program.hears(rb"(Listening|Bound) on ")
    return program


# Streams.


@pytest.mark.parametrize(
    "words", ["-U {path}", "unix:{path}", "unix://{path}", "--unixsock {path}"]
)
def test_conversation(pync: Start, folder: Path, words: str) -> None:
    path = folder / "socket"
    with listening_at(path) as server:
        program = pync(*words.format(path=path).split())
        peer = server.accepts()
        program.write(b"hello")
        peer.hears(b"hello")
        program.end_input()
        peer.hears_end()
        peer.says(b"answer after the end")
        peer.closes()
        assert program.rest() == b"answer after the end"
        program.ends(0)
    assert path.exists(), "the path of another program was removed"


@pytest.mark.parametrize("words", ["-lvU {path}", "-lv unix:{path}", "-lvU -s {path}"])
def test_conversation_with_a_listener(pync: Start, folder: Path, words: str) -> None:
    path = folder / "socket"
    program = listens(pync(*words.format(path=path).split()))
    with connected_to(path) as peer:
        peer.says(b"hello")
        assert program.read(5) == b"hello"
        program.write(b"hi")
        program.end_input()
        assert peer.hears_rest() == b"hi"
        peer.says(b"answer after the end")
        peer.half_closes()
        assert program.rest() == b"answer after the end"
        program.ends(0)
    assert not path.exists()


@abstract
def test_abstract_name(pync: Start, folder: Path) -> None:
    name = f"@{folder}/name"
    listener = listens(pync("-lvU", name))
    caller = pync("-U", name)
    caller.write(b"hello")
    assert listener.read(5) == b"hello"
    caller.end_input()
    listener.end_input()
    caller.ends(0)
    listener.ends(0)
    assert list(folder.iterdir()) == []


@abstract
@pytest.mark.parametrize(
    "words",
    [("--exec", "echo served"), ("--as=ncat", "--exec", "echo served"), ("--broker",), ("--chat",)],
)
def test_client_bound_to_an_abstract_name_with_nul(
    pync: Start, folder: Path, words: tuple[str, ...]
) -> None:
    """Such a name does not stop the server, nor does the next client's name (invalid UTF-8)."""
    path = folder / "socket"
    dialect = [word for word in words if word.startswith("--as")]
    options = [word for word in words if not word.startswith("--as")]
    program = listens(pync(*dialect, "-lkvU", *options, path))
    for name in (b"\0pync a\0b", b"\0pync \xff\x1b[31m"):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(name + os.fsencode(folder))
            sock.connect(str(path))
            if "--exec" in options:
                assert Peer(sock).hears_rest() == b"served\n"
            elif "--chat" in options:
                Peer(sock).hears(b"<announce> @pync ")
    with connected_to(path) as peer:
        peer.half_closes()
        peer.hears_rest()
    program.process.terminate()
    assert b"Traceback" not in program.ends(-signal.SIGTERM)


def test_path_with_blanks_and_non_ascii_letters(pync: Start, folder: Path) -> None:
    path = folder / "a socket, ö"
    listener = listens(pync("-lvU", path))
    caller = pync("-U", path)
    caller.write(b"hello")
    assert listener.read(5) == b"hello"
    caller.end_input()
    listener.end_input()
    listener.ends(0)


def test_one_client_after_another(pync: Start, folder: Path) -> None:
    path = folder / "socket"
    program = listens(pync("-lkvU", path))
    program.end_input()
    for word in (b"one", b"two", b"three"):
        with connected_to(path) as peer:
            peer.says(word)
        assert program.read(len(word)) == word
    program.process.send_signal(signal.SIGTERM)
    program.ends(-signal.SIGTERM)
    assert not path.exists()


def test_large_data_both_ways(pync: Start, folder: Path, tmp_path: Path) -> None:
    path = folder / "socket"
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(5_000_000))
    answer = os.urandom(5_000_000)
    with listening_at(path) as server, sent.open("rb") as source:
        program = pync("-U", path, stdin=source)
        peer = server.accepts()
        assert peer.hears_rest() == sent.read_bytes()
        with peer.saying(answer):
            assert program.rest() == answer
        program.ends(0)


def test_no_socket_at_the_path(pync: Start, folder: Path) -> None:
    said = pync("-U", folder / "socket").ends(1).decode()
    assert said == f"pync: dial unix:{folder}/socket: no such file or directory\n"


def test_listener_has_closed(pync: Start, folder: Path) -> None:
    path = folder / "socket"
    with listening_at(path):
        pass
    said = pync("-U", path).ends(1).decode()
    assert said.startswith(f"pync: dial unix:{path}: connection refused (")


def test_path_too_long(pync: Start, folder: Path) -> None:
    for words in (["-U"], ["-lU"], ["-uU"], ["-luU"]):
        said = pync(*words, folder / ("x" * 120)).ends(1)
        assert said.count(b"\n") == 1
        assert b"too long" in said


# Who owns a path, and may remove it.


@pytest.mark.parametrize("option", ["-lvU", "-luvU"])
def test_stale_socket_is_replaced(pync: Start, folder: Path, option: str) -> None:
    """A listener that was killed left its path behind."""
    path = folder / "socket"
    first = listens(pync(option, path))
    first.process.kill()
    first.ends(-signal.SIGKILL)
    assert path.is_socket()
    second = listens(pync(option, path))
    second.process.send_signal(signal.SIGTERM)
    second.ends(-signal.SIGTERM)
    assert not path.exists()


@pytest.mark.parametrize("option", ["-lU", "-luU"])
def test_regular_file_is_not_replaced(pync: Start, folder: Path, option: str) -> None:
    path = folder / "thesis"
    path.write_text("three years of work")
    said = pync(option, path).ends(1).decode()
    assert said.endswith(": address already in use\n")
    assert path.read_text() == "three years of work"


def test_other_file_types_are_not_replaced(pync: Start, folder: Path) -> None:
    (folder / "target").write_text("precious")
    (folder / "link").symlink_to("target")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    before = sorted(path.name for path in folder.iterdir())
    for name in before:
        assert pync("-lU", folder / name).ends(1).count(b"\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == before
    assert (folder / "target").read_text() == "precious"


@pytest.mark.parametrize("option", ["-lU", "-luU"])
def test_path_in_use_is_not_replaced(pync: Start, folder: Path, option: str) -> None:
    path = folder / "socket"
    first = listens(pync(option.replace("l", "lv"), path))
    said = pync(option, path).ends(1).decode()
    assert said.endswith(f"{path}: address already in use\n")
    assert path.is_socket()
    assert first.process.poll() is None
    first.process.send_signal(signal.SIGTERM)
    first.ends(-signal.SIGTERM)


def test_path_of_another_listener_is_not_removed(pync: Start, folder: Path) -> None:
    path = folder / "socket"
    program = listens(pync("-lvU", path))
    path.unlink()
    path.write_text("somebody else's")
    program.process.send_signal(signal.SIGTERM)
    program.ends(-signal.SIGTERM)
    assert path.read_text() == "somebody else's"


def test_path_is_removed_after_an_error(shell: Start, folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("only on Linux: /dev/full")
    path = folder / "socket"
    program = listens(shell(f"pync -lvU '{path}' >/dev/full"))
    with connected_to(path) as peer:
        peer.says(b"x")
        program.ends(1)
    assert not path.exists()


# Datagrams.


def test_datagrams_keep_their_boundaries(pync: Start, folder: Path) -> None:
    with mailbox_at(folder / "box") as box:
        program = pync("-uU", folder / "box")
        for word in (b"one\n", b"two\n", b"x" * 4096):
            program.write(word)
            box.hears(word)
            box.says(word)
            assert program.read(len(word)) == word
        program.process.send_signal(signal.SIGTERM)
        program.ends(-signal.SIGTERM)
    assert [path.name for path in folder.iterdir()] == ["box"]


def test_datagram_listener_answers_its_first_peer(pync: Start, folder: Path) -> None:
    program = listens(pync("-luvU", folder / "socket"))
    with mailbox_at(folder / "first") as first, mailbox_at(folder / "other") as other:
        first.says(b"hello", str(folder / "socket"))
        assert program.read(5) == b"hello"
        with pytest.raises(PermissionError):
            other.says(b"a stranger's", str(folder / "socket"))
        first.says(b"again", str(folder / "socket"))
        assert program.read(5) == b"again"
        program.write(b"answer")
        first.hears(b"answer")
    program.process.send_signal(signal.SIGINT)
    program.ends(-signal.SIGINT)
    assert not (folder / "socket").exists()


def test_datagram_client_can_have_a_path(pync: Start, folder: Path) -> None:
    with mailbox_at(folder / "box") as box:
        program = pync("-uU", "-s", folder / "ours", folder / "box")
        program.write(b"hello")
        box.hears(b"hello")
        assert box.correspondent == str(folder / "ours")
        program.process.send_signal(signal.SIGTERM)
        program.ends(-signal.SIGTERM)
    assert not (folder / "ours").exists()


def test_two_pyncs_exchange_datagrams(pync: Start, folder: Path) -> None:
    listener = listens(pync("-luvU", folder / "socket"))
    caller = pync("-uU", folder / "socket")
    for word in (b"one", b"two"):
        caller.write(word)
        assert listener.read(3) == word
        listener.write(word)
        assert caller.read(3) == word
