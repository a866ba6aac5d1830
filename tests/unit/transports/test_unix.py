"""Unix stream sockets: stale sockets, and which files may be removed."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pync.core.address import Address
from pync.core.errors import DialError, ListenError
from pync.transports import Options, dial, listen, unix

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s") / "socket"


def address(path: Path, scheme: str = "unix") -> Address:
    return Address(scheme, path=str(path))


@pytest.mark.parametrize("scheme", ["unix", "unixgram"])
def test_listener_replaces_a_stale_socket(path: Path, scheme: str) -> None:
    kind = socket.SOCK_STREAM if scheme == "unix" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_UNIX, kind) as stale:
        stale.bind(str(path))
    with listen(address(path, scheme)) as listener, dial(listener.address):
        assert path.is_socket()
    assert not path.exists()


@pytest.mark.parametrize("scheme", ["unix", "unixgram"])
def test_client_replaces_its_own_stale_socket(path: Path, scheme: str) -> None:
    """A killed client leaves the path of its socket behind."""
    kind = socket.SOCK_STREAM if scheme == "unix" else socket.SOCK_DGRAM
    own = path.parent / "own"
    with socket.socket(socket.AF_UNIX, kind) as stale:
        stale.bind(str(own))
    with listen(address(path, scheme)) as listener:
        with dial(listener.address, Options(source=str(own))) as conn:
            assert conn.local == address(own, scheme)
            # A socket in use is not stale.
            with pytest.raises(DialError, match="address already in use"):
                dial(listener.address, Options(source=str(own)))
            assert own.is_socket()
    assert not own.exists()


@pytest.mark.parametrize("scheme", ["unix", "unixgram"])
def test_client_does_not_replace_other_files(path: Path, scheme: str) -> None:
    own = path.parent / "own"
    own.write_text("precious")
    with listen(address(path, scheme)) as listener:
        with pytest.raises(DialError, match="address already in use"):
            dial(listener.address, Options(source=str(own)))
    assert own.read_text() == "precious"


@pytest.mark.parametrize("what", ["file", "folder", "dangling link", "live", "other kind"])
def test_listener_does_not_replace_other_files(path: Path, what: str) -> None:
    live = socket.socket(
        socket.AF_UNIX, socket.SOCK_DGRAM if what == "other kind" else socket.SOCK_STREAM
    )
    with live:
        if what == "file":
            path.write_text("precious")
        elif what == "folder":
            path.mkdir()
        elif what == "dangling link":
            path.symlink_to("nowhere")
        else:
            live.bind(str(path))
            if what == "live":
                live.listen()
        before = os.lstat(path)
        with pytest.raises(ListenError, match=r": address already in use$"):
            listen(address(path))
        assert os.lstat(path).st_ino == before.st_ino


def test_close_does_not_remove_another_file_at_the_path(path: Path) -> None:
    with listen(address(path)):
        path.unlink()
        path.write_text("somebody else's")
    assert path.read_text() == "somebody else's"


def test_path_too_long(path: Path) -> None:
    for attempt, wrong in ((listen, ListenError), (dial, DialError)):
        with pytest.raises(wrong, match="file name too long"):
            attempt(address(path / ("x" * 200)))


def test_missing_socket(path: Path) -> None:
    with pytest.raises(DialError, match=f"^dial unix:{path}: no such file or directory$"):
        dial(address(path))


@pytest.mark.skipif(not os.path.exists("/proc/net/unix"), reason="abstract names are Linux's")
def test_abstract_name_creates_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = Address("unix", path=f"@pync-unit-{os.getpid()}")
    with listen(name), dial(name) as conn:
        assert conn.peer == name
        assert list(tmp_path.iterdir()) == []


# Several listeners at one path.


def stale(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))


def test_two_listeners_find_a_stale_socket(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second listener waits for the first and then finds its socket in use."""
    pytest.importorskip("fcntl")
    stale(path)
    second_goes_on = threading.Event()
    refused: list[Exception] = []

    def second() -> None:
        try:
            listen(address(path)).close()
        except ListenError as error:
            refused.append(error)
        second_goes_on.set()

    thread = threading.Thread(target=second)
    is_stale = unix._is_stale

    def look(place: str, kind: int) -> bool:
        found = is_stale(place, kind)
        if threading.current_thread() is not thread:
            thread.start()
            assert second_goes_on.wait(10)
        return found

    def wait(seconds: float) -> None:
        second_goes_on.set()
        sleep(seconds)

    sleep = time.sleep
    monkeypatch.setattr(unix, "_is_stale", look)
    monkeypatch.setattr(time, "sleep", wait)
    with listen(address(path)) as listener:
        thread.join(10)
        assert [str(error) for error in refused] == [f"listen unix:{path}: address already in use"]
        dial(listener.address).close()
    assert not path.exists()


def test_locked_folder_delays_a_listener_for_a_limited_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(unix, "LOCK_TIMEOUT", 0.02)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        with listen(address(path)) as listener:
            dial(listener.address).close()
    finally:
        os.close(folder)


@pytest.mark.parametrize("scheme", ["unix", "unixgram"])
def test_path_is_removed_before_the_socket_is_closed(path: Path, scheme: str) -> None:
    with listen(address(path, scheme)) as listener:
        (sock,) = listener._socks
        left: list[bool] = []
        listener._socks = [ClosingSocket(sock, lambda: left.append(path.exists()))]  # type: ignore[list-item]
    assert left == [False]


class ClosingSocket:
    """A socket with a callback that is called before it is closed."""

    def __init__(self, sock: socket.socket, tell: Callable[[], None]) -> None:
        self._sock = sock
        self._tell = tell

    def close(self) -> None:
        self._tell()
        self._sock.close()


def test_close_for_others_removes_the_path(path: Path) -> None:
    with listen(address(path)) as listener, dial(listener.address) as client:
        with listener.accept(10) as conn:
            listener.close_for_others()
            assert not path.exists()
            conn.send_all(b"still here")
            assert client.recv(100) == b"still here"


def test_client_removes_its_own_path(path: Path) -> None:
    own = path.parent / "own"
    options = Options(source=str(own))
    with listen(address(path)) as listener, dial(listener.address, options):
        assert own.is_socket()
    assert not own.exists()
    with pytest.raises(DialError):
        dial(address(path), options)
    assert not own.exists()


def test_stale_check_does_not_connect(path: Path) -> None:
    with listen(address(path)) as listener:
        with pytest.raises(ListenError, match="address already in use"):
            listen(address(path))
        assert listener.take_nowait() is None


def test_bound_socket_that_does_not_listen_yet_is_not_stale(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        with pytest.raises(ListenError, match="address already in use"):
            listen(address(path))
