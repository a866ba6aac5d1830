"""The transports on which the contract tests run: one row each, and a connected pair."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import pync
from pync.core.address import Address, parse
from pync.transports import Options
from pync.transports.conn import Conn, StreamConn
from pync.transports.listener import Listener

PATIENCE = 10.0


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def _has(family: str, name: tuple[object, ...], protocol: int = 0) -> bool:
    try:
        with socket.socket(getattr(socket, family), socket.SOCK_STREAM, protocol) as sock:
            sock.bind(name)
            return True
    except (AttributeError, OSError):
        return False


class Transport(NamedTuple):
    """One row: the addresses of a transport in tests."""

    name: str
    address: str
    datagram: bool = False
    missing: str = ""
    halves: bool = True
    options: Options = Options(timeout=PATIENCE)


NO_IPV6 = "" if _has_ipv6() else "this machine has no IPv6"
NO_UNIX = "" if hasattr(socket, "AF_UNIX") else "this system has no Unix sockets"
NO_SCTP = "" if _has("AF_INET", ("127.0.0.1", 0), 132) else "this kernel has no SCTP"
NO_VSOCK = "" if _has("AF_VSOCK", (1, 0xFFFFFFFF)) else "this kernel has no vsock_loopback"
NO_DTLS = "" if find_spec("OpenSSL") else "pyOpenSSL is not installed"
NO_CERTIFICATE = "" if find_spec("cryptography") else "cryptography is not installed"
NO_WSPROTO = "" if find_spec("wsproto") else "wsproto is not installed"
NO_PIPES = "" if sys.platform == "win32" else "only on Windows"
NO_ABSTRACT = "" if sys.platform.startswith("linux") else "abstract names are Linux's"

TRANSPORTS = [
    Transport("tcp4", "tcp4://127.0.0.1:0"),
    Transport("tcp6", "tcp6://[::1]:0", missing=NO_IPV6),
    Transport("tcp by name", "tcp://localhost:0"),
    Transport("unix", "unix:{folder}/socket", missing=NO_UNIX),
    Transport("abstract", "unix:@pync-test-{pid}", missing=NO_ABSTRACT),
    Transport("sctp", "sctp://127.0.0.1:0", missing=NO_SCTP, halves=False),
    Transport("vsock", "vsock://1:0", missing=NO_VSOCK),
    Transport("pipe of bytes", "pipe:pync-test-{pid}", missing=NO_PIPES, halves=False),
    Transport(
        "pipe of messages",
        "pipe:pync-test-{pid}",
        missing=NO_PIPES,
        options=Options(timeout=PATIENCE, pipe_messages=True),
    ),
    Transport("memory", ""),
    Transport("tls", "", missing=NO_CERTIFICATE),
    Transport("ws", "", missing=NO_WSPROTO, halves=False),
    Transport("wss", "", missing=NO_WSPROTO or NO_CERTIFICATE, halves=False),
    Transport("dtls", "", datagram=True, missing=NO_DTLS),
    Transport("udp4", "udp4://127.0.0.1:0", datagram=True),
    Transport("udp6", "udp6://[::1]:0", datagram=True, missing=NO_IPV6),
    Transport("unixgram", "unixgram:{folder}/socket", datagram=True, missing=NO_UNIX),
]
LISTENING = [row for row in TRANSPORTS if row.address]
STREAMS = [row for row in TRANSPORTS if row.halves and not row.datagram]
DATAGRAMS = [row for row in TRANSPORTS if row.datagram]


def over(rows: list[Transport]) -> pytest.MarkDecorator:
    """Run on these transports; those that this machine lacks are skipped with the reason."""
    return pytest.mark.parametrize(
        "transport",
        [
            pytest.param(row, marks=pytest.mark.skipif(bool(row.missing), reason=row.missing))
            for row in rows
        ],
        ids=[row.name for row in rows],
    )


class Ends(NamedTuple):
    """Both ends of a connection; the end of a datagram listener has received ``first``."""

    client: Conn
    server: Conn


Listen = Callable[[Transport], Listener]
Connect = Callable[[Transport], Ends]


def shaken_pair(scheme: str, folder: Path) -> tuple[Conn, Conn]:
    """Both ends of a connection after a handshake; the client trusts this certificate only."""
    if scheme == "ws":
        return _accepted(pync.listen("ws://localhost:0"), "ws", None)
    from pync.transports.tls.certificate import self_made

    certificate = folder / "certificate.pem"
    certificate.write_bytes(self_made())
    listener = pync.listen(f"{scheme}://localhost:0", certificate=str(certificate))
    return _accepted(listener, scheme, str(certificate))


def _accepted(listener: Any, scheme: str, trusted: str | None) -> tuple[Conn, Conn]:
    with listener:
        accepted: list[Conn] = []
        accepting = threading.Thread(target=lambda: accepted.append(listener.accept(PATIENCE)))
        accepting.start()
        address = f"{scheme}://localhost:{listener.address.port}"
        client = pync.dial(address, trusted=trusted, timeout=PATIENCE)
        accepting.join()
    return client, accepted[0]


def address_of(transport: Transport, folder: Path) -> Address:
    return parse(transport.address.format(folder=folder, pid=os.getpid()))


def streams(ends: Ends) -> tuple[StreamConn, StreamConn]:
    assert isinstance(ends.client, StreamConn)
    assert isinstance(ends.server, StreamConn)
    return ends.client, ends.server
