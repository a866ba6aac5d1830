"""Dialling vsock in a loop: success, refusal, time-out, and an invalid address."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest

from pync.core.address import Address
from pync.engine.loop import Loop
from pync.engine.vsock_connector import VsockConnector
from pync.transports import Options, vsock


@pytest.fixture
def over_tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the same code over IPv4, which every machine has; its socket names are pairs as well."""
    monkeypatch.setattr(socket, "AF_VSOCK", socket.AF_INET, raising=False)
    monkeypatch.setattr(vsock, "_name", lambda _, to, __: ("127.0.0.1", int(to.service)))


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as loop:
        yield loop


def dial(loop: Loop, address: Address, seconds: float | None = 10) -> VsockConnector:
    over: list[VsockConnector] = []
    dialling = VsockConnector(loop, address, Options(timeout=seconds), over.append)
    dialling.start()
    loop.run_while(lambda: not over)
    dialling.stop()
    return dialling


@pytest.mark.usefixtures("over_tcp")
def test_connect(loop: Loop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dialling = dial(loop, Address("vsock", "1", str(listener.getsockname()[1])), None)
        assert dialling.conn is not None
        with dialling.conn as conn, listener.accept()[0] as accepted:
            assert conn.gettimeout() == 0
            conn.settimeout(10)
            conn.send_all(b"hello")
            assert accepted.recv(5) == b"hello"


@pytest.mark.usefixtures("over_tcp")
def test_connection_refused(loop: Loop, closed_port: int) -> None:
    dialling = dial(loop, Address("vsock", "1", str(closed_port)))
    assert dialling.conn is None
    assert str(dialling.failure) == f"dial vsock://1:{closed_port}: connection refused"


@pytest.mark.usefixtures("over_tcp")
@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="a full backlog drops SYNs on Linux"
)
def test_timeout(loop: Loop) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        name = listener.getsockname()
        with socket.create_connection(name):
            told = str(dial(loop, Address("vsock", "1", str(name[1])), 0.02).failure)
            assert told == f"dial vsock://1:{name[1]}: timed out"


@pytest.mark.parametrize("timeout", [1.0, None])
def test_invalid_address_fails_at_once(loop: Loop, timeout: float | None) -> None:
    if not hasattr(socket, "AF_VSOCK"):
        expected = "this system has no vsock"
        dialling = dial(loop, Address("vsock", "1", "9"), timeout)
    else:
        expected = "'x' is not a valid CID"
        dialling = dial(loop, Address("vsock", "x", "9"), timeout)
    assert dialling.failure is not None
    assert dialling.failure.cause == expected
