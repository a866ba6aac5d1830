"""Unix datagram sockets: a client must have a name to be answered."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from pync.core.address import Address
from pync.transports import Options, dial, listen

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_client_can_be_answered_and_leaves_nothing(
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


def test_a_client_can_choose_its_name(folder: Path) -> None:
    with listen(Address("unixgram", path=str(folder / "server"))) as listener:
        own = str(folder / "client")
        with dial(listener.address, Options(source=own)) as client:
            client.send(b"x")
            with listener.accept(10) as conn:
                assert conn.peer == Address("unixgram", path=own)
    assert [*folder.iterdir()] == []


def test_a_client_without_a_name_is_heard_and_cannot_be_answered(folder: Path) -> None:
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
