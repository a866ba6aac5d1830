"""Unix datagram sockets: a client must have a name to be answered."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from pync.core.address import Address
from pync.core.errors import DialError
from pync.core.events import Event
from pync.core.server_events import Bound
from pync.transports import Options, dial, listen

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_client_gets_answers_and_leaves_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    if platform == "linux" != sys.platform:
        pytest.skip("Linux gives a client an abstract name")
    monkeypatch.setattr("pync.transports.unixgram.sys.platform", platform)
    monkeypatch.setenv("TMPDIR", str(folder))
    with (
        listen(Address("unixgram", path=str(folder / "server"))) as listener,
        dial(listener.address) as client,
    ):
        assert len([*folder.iterdir()]) == (1 if platform == "linux" else 2)
        client.send(b"question")
        with listener.accept(10) as conn:
            conn.settimeout(10)
            client.settimeout(10)
            assert conn.recv(100) == b"question"
            conn.send(b"answer")
            assert client.recv(100) == b"answer"
    assert [*folder.iterdir()] == []


def test_client_with_a_chosen_name(folder: Path) -> None:
    with listen(Address("unixgram", path=str(folder / "server"))) as listener:
        own = str(folder / "client")
        with dial(listener.address, Options(source=own)) as client:
            client.send(b"x")
            with listener.accept(10) as conn:
                assert conn.peer == Address("unixgram", path=own)
    assert [*folder.iterdir()] == []


def test_client_without_a_name_cannot_be_answered(folder: Path) -> None:
    with (
        listen(Address("unixgram", path=str(folder / "server"))) as listener,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless,
    ):
        nameless.sendto(b"hello", listener.address.path)
        with listener.accept(10) as conn:
            conn.settimeout(10)
            assert conn.recv(100) == b"hello"
            with pytest.raises(OSError, match="no name"):
                conn.send(b"x")


def test_client_with_a_temporary_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(folder))
    told: list[Event] = []
    options = Options(own_path=True, report=told.append)
    with listen(Address("unixgram", path=str(folder / "server"))) as listener:
        with dial(listener.address, options) as client:
            assert told == [Bound(client.local)]
            assert Path(client.local.path).is_socket()
            assert Path(client.local.path).parent.stat().st_mode & 0o777 == 0o700
        assert [*folder.iterdir()] == [folder / "server"]
    with pytest.raises(DialError, match="no such file"):
        dial(listener.address, options)
    assert [*folder.iterdir()] == []


@pytest.mark.parametrize("many", [False, True])
def test_second_client_is_rejected_unless_many(folder: Path, many: bool) -> None:
    address = Address("unixgram", path=str(folder / "server"))
    with listen(address, Options(many=many)) as listener, dial(address) as one:
        one.send(b"first")
        with listener.accept(10) as conn:
            conn.settimeout(10)
            assert conn.recv(10) == b"first"
            if many:
                with dial(address) as other:
                    other.send(b"second")
                    assert conn.recv(10) == b"second"
                return
            with pytest.raises(DialError, match="operation not permitted"):
                dial(address)
            one.send(b"again")
            assert conn.recv(10) == b"again"
            conn.send(b"answer")
            one.settimeout(10)
            assert one.recv(10) == b"answer"


def test_datagram_of_a_closed_client_is_received(folder: Path) -> None:
    with listen(Address("unixgram", path=str(folder / "server"))) as listener:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.bind(str(folder / "client"))
            client.sendto(b"last words", str(folder / "server"))
        (folder / "client").unlink()
        with listener.accept(10) as conn:
            assert conn.recv(100) == b"last words"
