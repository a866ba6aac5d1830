"""Listening on a pipe, with one or several instances."""

from __future__ import annotations

import os
import sys

import pytest

from pync.core.address import Address
from pync.core.errors import DialError, ListenError
from pync.transports import Options, dial, listen

from ....systems import UNDER_WINE

PATIENCE = 10.0
SOON = Options(timeout=PATIENCE)
MANY = SOON._replace(many=True)

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="only on Windows")


@pytest.fixture
def address() -> Address:
    return Address("pipe", path=f"pync-listener-{os.getpid()}")


def test_many_clients_at_once(address: Address) -> None:
    with listen(address, MANY) as listener:
        pairs = []
        for _ in range(20):
            client = dial(address, SOON)
            pairs.append((client, listener.accept(PATIENCE)))
        for number, (client, server) in enumerate(pairs):
            client.send_all(b"%d" % number)
            server.settimeout(PATIENCE)
            assert server.recv(100) == b"%d" % number
        for pair in pairs:
            for conn in pair:
                conn.close()


def test_clients_wait_for_a_slow_server(address: Address) -> None:
    with listen(address, MANY) as listener:
        clients = [dial(address, SOON) for _ in range(4)]
        for number, client in enumerate(clients):
            client.send_all(b"%d" % number)
        heard = set()
        for _ in clients:
            with listener.accept(PATIENCE) as server:
                server.settimeout(PATIENCE)
                heard.add(server.recv(100))
        assert heard == {b"0", b"1", b"2", b"3"}
        for client in clients:
            client.close()


def test_data_of_a_closed_client_is_received(address: Address) -> None:
    with listen(address, MANY) as listener:
        with dial(address, SOON) as client:
            client.send_all(b"in passing")
        with listener.accept(PATIENCE) as server:
            server.settimeout(PATIENCE)
            assert [server.recv(100), server.recv(100)] == [b"in passing", b""]


def test_closed_listener_accepts_no_clients(address: Address) -> None:
    with listen(address, MANY) as listener:
        waiting = dial(address, SOON)
        listener.close()
        listener.close()
    waiting.settimeout(PATIENCE)
    assert waiting.recv(100) == b""
    waiting.close()
    with pytest.raises(DialError, match="there is no such pipe"):
        dial(address, SOON)


def test_take_nowait(address: Address) -> None:
    with listen(address, MANY) as listener:
        assert listener.take_nowait() is None
        with dial(address, SOON):
            with listener.accept(PATIENCE):
                assert listener.take_nowait() is None


@pytest.mark.skipif(UNDER_WINE, reason="Wine lets a pipe have two first instances")
def test_pipe_in_use(address: Address) -> None:
    with listen(address, SOON):
        with pytest.raises(ListenError, match=r"address already in use$"):
            listen(address, SOON)


@pytest.mark.parametrize("access", ["user", "users", "everyone", "D:(A;;GA;;;WD)"])
def test_access_lists(address: Address, access: str) -> None:
    """Only checks that they are accepted: Windows enforces them, and Wine does not."""
    options = MANY._replace(pipe_access=access, pipe_remote=True)
    with listen(address, options) as listener, dial(address, SOON), listener.accept(PATIENCE):
        pass


def test_invalid_access_list(address: Address) -> None:
    options = SOON._replace(pipe_access="nobody")
    with pytest.raises(ListenError, match=r"'nobody' is not an access list \(SDDL\)$"):
        listen(address, options)


def test_close_while_clients_connect(address: Address) -> None:
    """Clients that have just connected are closed, and no thread raises an exception."""
    for _ in range(10):
        with listen(address, MANY) as listener:
            clients = [dial(address, SOON) for _ in range(4)]
            listener.close()
        for client in clients:
            client.settimeout(PATIENCE)
            assert client.recv(1) == b""
            client.close()
