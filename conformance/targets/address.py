"""Where a server listens: the three stream transports, and a socket to each.

The grammar is pure; open_socket() is the only thing here that does I/O.
"""

from __future__ import annotations

import socket
import time
from typing import NamedTuple

from ..outcome import WrongUsage

TCP, TCP6, UNIX = "tcp", "tcp6", "unix"

#: The transports that the suite judges over, in the order of the report.
TRANSPORTS = (TCP, TCP6, UNIX)

#: The loopback address to listen on, by transport.
LOOPBACK = {TCP: "127.0.0.1", TCP6: "::1"}


class Address(NamedTuple):
    """One address: host and port, or a path."""

    transport: str
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.transport == UNIX:
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


def parse(text: str) -> Address:
    """Read ``tcp://HOST:PORT``, ``tcp://[::1]:PORT`` or ``unix:PATH``.

    Raises WrongUsage with the reason.
    """
    if text.startswith("unix:"):
        path = text[len("unix:") :]
        if not path:
            raise WrongUsage(f"{text!r}: a path is missing after unix:")
        return Address(UNIX, path=path)
    if not text.startswith("tcp://"):
        raise WrongUsage(f"{text!r} is no address: tcp://HOST:PORT or unix:PATH")
    host, colon, port = text[len("tcp://") :].rpartition(":")
    if not colon or not port:
        raise WrongUsage(f"{text!r}: the port is missing (tcp://HOST:PORT)")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise WrongUsage(f"{text!r}: {port!r} is no port (1-65535)")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not host or any(letter in host for letter in "[]/ @") or (":" in host and not bracketed):
        raise WrongUsage(f"{text!r}: {host!r} is no host (IPv6 needs brackets: tcp://[::1]:9000)")
    return Address(TCP6 if bracketed and ":" in host else TCP, host=host, port=int(port))


def open_socket(
    address: Address, timeout: float, receive_buffer: int | None = None
) -> socket.socket:
    """Connect, trying every address of a name.

    Arguments:
        timeout: seconds for the whole.
        receive_buffer: bytes of SO_RCVBUF, set before the handshake.
    Raises OSError (the last one).
    """
    until = time.monotonic() + timeout
    failure: OSError = ConnectionRefusedError("no address")
    for family, name in _endpoints(address):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            if receive_buffer is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            if family != getattr(socket, "AF_UNIX", None):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(max(0.01, until - time.monotonic()))
            sock.connect(name)
            # A connect to a free port of the ephemeral range can meet itself.
            if sock.family != getattr(socket, "AF_UNIX", None) and (
                sock.getsockname() == sock.getpeername()
            ):
                raise ConnectionRefusedError(111, "connection refused")
            return sock
        except OSError as error:
            sock.close()
            failure = error
    raise failure


def _endpoints(address: Address) -> list[tuple[int, tuple[str, int] | str]]:
    if address.transport == UNIX:
        return [(socket.AF_UNIX, address.path)]
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    endpoints: list[tuple[int, tuple[str, int] | str]] = [
        (int(family), name)  # type: ignore[misc]
        for family, _, _, _, name in found
    ]
    # A server on "localhost" may listen on ::1 alone, on a machine whose own
    # "localhost" is 127.0.0.1 alone.
    if address.host == "localhost":
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            if not any(kind == family for kind, _ in endpoints):
                endpoints.append((family, (host, address.port)))
    return endpoints


def has_ipv6() -> bool:
    """Whether this machine has an IPv6 loopback."""
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
