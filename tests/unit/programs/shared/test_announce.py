"""The messages of a listener, and its port in a file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pync.core.address import Address
from pync.core.errors import PyncError, UsageError
from pync.core.events import Event
from pync.core.server_events import Exposed, Listening, PortTold
from pync.programs.shared.announce import announce
from pync.programs.shared.listening import ListenSetup
from pync.transports import listen
from pync.transports.listener import Listener

from ....systems import only_posix

HERE = Address("tcp", "127.0.0.1", "0")


def told_by(listener: Listener, setup: ListenSetup) -> list[Event]:
    told: list[Event] = []
    announce(listener, setup, told.append)
    return told


def test_addresses_and_port(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.write_text("an older one")
    with listen(HERE) as listener:
        port = listener.address.service
        assert told_by(listener, ListenSetup(HERE)) == [Listening(listener.address)]
        told = told_by(listener, ListenSetup(HERE, report_port="-"))
        assert told == [Listening(listener.address), PortTold(port)]
        assert told_by(listener, ListenSetup(HERE, report_port=str(path))) == told[:1]
    assert path.read_text() == f"{port}\n"
    assert list(tmp_path.iterdir()) == [path]


def test_file_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "no" / "such"
    with listen(HERE) as listener, pytest.raises(PyncError) as raised:
        told_by(listener, ListenSetup(HERE, report_port=str(path)))
    assert str(raised.value) == f"write {path}: no such file or directory"


def test_folder_at_the_path_leaves_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    with listen(HERE) as listener, pytest.raises(PyncError):
        told_by(listener, ListenSetup(HERE, report_port=str(path)))
    assert list(tmp_path.iterdir()) == [path]


def kind_of(path: Path) -> int:
    return stat.S_IFMT(path.lstat().st_mode)


@only_posix
def test_symbolic_link_is_followed(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("a longer text than a port")
    link.symlink_to(file)
    with listen(HERE) as listener:
        told_by(listener, ListenSetup(HERE, report_port=str(link)))
        assert file.read_text() == f"{listener.address.port}\n"
    assert kind_of(link) == stat.S_IFLNK
    assert sorted(tmp_path.iterdir()) == [file, link]


@only_posix
def test_dangling_symbolic_link_is_followed(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "file")
    with listen(HERE) as listener:
        told_by(listener, ListenSetup(HERE, report_port=str(link)))
        assert (tmp_path / "file").read_text() == f"{listener.address.port}\n"
    assert kind_of(link) == stat.S_IFLNK


@only_posix
def test_fifo_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with listen(HERE) as listener:
            told_by(listener, ListenSetup(HERE, report_port=str(path)))
            assert os.read(reader, 100) == f"{listener.address.port}\n".encode()
    finally:
        os.close(reader)
    assert kind_of(path) == stat.S_IFIFO


@only_posix
def test_device_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "null"
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.stat(os.devnull).st_rdev)
    except PermissionError:
        pytest.skip("only root makes devices")
    with listen(HERE) as listener:
        told_by(listener, ListenSetup(HERE, report_port=str(path)))
    assert kind_of(path) == stat.S_IFCHR


@only_posix
def test_unix_socket_has_no_port(tmp_path: Path) -> None:
    with listen(Address("unix", path=str(tmp_path / "s"))) as listener, pytest.raises(UsageError):
        told_by(listener, ListenSetup(HERE, report_port="-"))


@pytest.mark.parametrize(
    ("host", "offered", "exposed"),
    [
        ("127.0.0.1", "run the command", False),
        ("0.0.0.0", "run the command", True),
        ("0.0.0.0", None, False),
    ],
)
def test_warning_about_an_exposed_service(host: str, offered: str | None, exposed: bool) -> None:
    with listen(Address("tcp", host, "0")) as listener:
        told = told_by(listener, ListenSetup(HERE, offered=offered))
    assert any(isinstance(event, Exposed) for event in told) == exposed
