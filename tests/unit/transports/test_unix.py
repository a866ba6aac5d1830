"""Unix stream sockets: whose path it is, and what may be removed."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pync.core.address import Address
from pync.core.errors import DialError, ListenError
from pync.transports import dial, listen

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s") / "socket"


def address(path: Path, scheme: str = "unix") -> Address:
    return Address(scheme, path=str(path))


@pytest.mark.parametrize("scheme", ["unix", "unixgram"])
def test_a_stale_socket_is_replaced(path: Path, scheme: str) -> None:
    kind = socket.SOCK_STREAM if scheme == "unix" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_UNIX, kind) as stale:
        stale.bind(str(path))
    with listen(address(path, scheme)) as listener, dial(listener.address):
        assert path.is_socket()
    assert not path.exists()


@pytest.mark.parametrize("what", ["file", "folder", "dangling link", "live", "other kind"])
def test_anything_else_is_never_touched(path: Path, what: str) -> None:
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


def test_another_file_at_our_path_is_not_removed(path: Path) -> None:
    with listen(address(path)):
        path.unlink()
        path.write_text("somebody else's")
    assert path.read_text() == "somebody else's"


def test_a_path_that_is_too_long(path: Path) -> None:
    for attempt, wrong in ((listen, ListenError), (dial, DialError)):
        with pytest.raises(wrong, match="file name too long"):
            attempt(address(path / ("x" * 200)))


def test_nobody_there(path: Path) -> None:
    with pytest.raises(DialError, match=f"^dial unix:{path}: no such file or directory$"):
        dial(address(path))


@pytest.mark.skipif(not os.path.exists("/proc/net/unix"), reason="abstract names are Linux's")
def test_an_abstract_name_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = Address("unix", path=f"@pync-unit-{os.getpid()}")
    with listen(name), dial(name) as conn:
        assert conn.peer == name
        assert list(tmp_path.iterdir()) == []
