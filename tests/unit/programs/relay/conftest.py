"""A relay between two transports; the test controls both of its sides."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pync
from pync.core.address import Address
from pync.transports import tcp_listener, tcp_socket, vsock
from pync.transports.conn import StreamConn

from ....contract.table import NO_SCTP, NO_VSOCK

if TYPE_CHECKING:
    from tests.unit.conftest import Running

#: Seconds that an expected event may take.
PATIENCE = 10.0

NO_UNIX = pytest.mark.skipif(sys.platform == "win32", reason="this system has no Unix sockets")
NO_CERTIFICATE = pytest.mark.skipif(
    find_spec("cryptography") is None, reason="cryptography is not installed"
)

#: The addresses of each transport on this machine.
HOSTS = {"tcp": "localhost", "tls": "localhost", "sctp": "127.0.0.1", "vsock": "1"}

#: The pairs of transports that a relay connects.
SIDES = [
    pytest.param("tcp"),
    pytest.param("tls", marks=NO_CERTIFICATE),
    pytest.param("unix", marks=NO_UNIX),
    pytest.param("vsock"),
]


class Sides:
    """A running relay; ``client`` and ``server`` are its two sides, joined.

    Arguments:
        start: runs pync.
        folder: for sockets and the certificate.
        near, far: names of transports.
        words: more options.
    """

    def __init__(
        self, start: Callable[..., Running], folder: Path, near: str, far: str, *words: str
    ) -> None:
        certificate = folder / "certificate.pem"
        if "tls" in (near, far):
            from pync.transports.tls.certificate import self_made

            certificate.write_bytes(self_made())
        own = str(certificate) if far == "tls" else None
        self.listener = pync.listen(_address(far, folder / "far"), certificate=own)
        onward = _dialled(far, self.listener.address)
        options = [f"--ssl-cert={certificate}"] if near == "tls" else []
        options += [f"--to-ssl-trustfile={certificate}"] if far == "tls" else []
        self.relay = start("-l", "-v", *words, *options, _address(near, folder / "near"), onward)
        said = self.relay.says().removeprefix("Listening on ")
        where = f"unix:{said}" if near == "unix" else f"{near}://{HOSTS[near]}:{said.split()[-1]}"
        trusted = str(certificate) if near == "tls" else None
        self.client = pync.dial(where, timeout=PATIENCE, trusted=trusted)
        self.server: StreamConn = self.listener.accept(PATIENCE)
        for conn in (self.client, self.server):
            conn.settimeout(PATIENCE)

    def ends(self) -> int | None:
        """Wait for the end of the relay; return its exit status."""
        return self.relay.ends()[0]

    def close(self) -> None:
        """Close everything."""
        self.client.close()
        self.server.close()
        self.listener.close()


def _address(name: str, path: Path) -> str:
    return (
        f"unix:{path}" if name == "unix" else f"{name}://{1 if name == 'vsock' else '127.0.0.1'}:0"
    )


def _dialled(name: str, address: object) -> str:
    return f"tls://localhost:{str(address).rpartition(':')[2]}" if name == "tls" else str(address)


def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the same code over TCP on IPv4 if the kernel lacks a family or a protocol."""
    if NO_VSOCK:
        monkeypatch.setattr(socket, "AF_VSOCK", socket.AF_INET, raising=False)
        monkeypatch.setattr(
            vsock, "_name", lambda _, address, __: ("127.0.0.1", int(address.service))
        )
        monkeypatch.setattr(vsock, "_address", lambda name: Address("vsock", "1", str(name[1])))
    if NO_SCTP:
        for module in (tcp_listener, tcp_socket):
            monkeypatch.setattr(module, "protocol_of", lambda *_: 0)


Join = Callable[..., Sides]


@pytest.fixture
def join(
    pync: Callable[..., Running],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Join]:
    stand_in(monkeypatch)
    joined: list[Sides] = []

    def begin(near: str, far: str, *words: str) -> Sides:
        # (A Unix path holds 107 bytes.)
        folder = tmp_path_factory.mktemp("s")
        joined.append(Sides(pync, folder, near, far, *words))
        return joined[-1]

    yield begin
    for sides in joined:
        sides.close()


@pytest.fixture(autouse=True)
def no_key_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSLKEYLOGFILE", raising=False)
    assert "SSLKEYLOGFILE" not in os.environ
