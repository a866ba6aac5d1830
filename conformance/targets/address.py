"""The addresses of servers: the transports, the syntax, and a stream socket to an address.

The grammar is pure; only open_socket(), endpoints() and has_ipv6() do I/O.
"""

from __future__ import annotations

import socket
import sys
import time
from typing import NamedTuple

from ..core.number import whole
from ..core.verdict import WrongUsage

TCP, TCP6, UNIX = "tcp", "tcp6", "unix"
UDP, UDP6 = "udp", "udp6"
TLS = "tls"
PIPE = "pipe"

#: The transports over which the suite judges, in the order of the report.
STREAMS = (TCP, TCP6, UNIX, TLS)
DATAGRAMS = (UDP, UDP6)
#: On Windows, a named pipe takes the place of a Unix socket: the catalogue's requirements for Unix
#: sockets apply to pipes too, except those that need a half-close.
TRANSPORTS = (*STREAMS, PIPE, *DATAGRAMS)

#: The prefix of the name of a local pipe on Windows.
_PIPES = "\\\\.\\pipe\\"
_PIPE_FORMS = (_PIPES, f"{PIPE}:")

#: The loopback address to listen on, by transport.
LOOPBACK = {TCP: "127.0.0.1", TCP6: "::1", TLS: "127.0.0.1", UDP: "127.0.0.1", UDP6: "::1"}

#: Scheme of an address -> its transports over IPv4 and over IPv6.
SCHEMES = {"tcp": (TCP, TCP6), "tls": (TLS, TLS), "udp": (UDP, UDP6)}
_SCHEME_OF = {name: scheme for scheme, names in SCHEMES.items() for name in names}

#: Transport over IPv6 -> the same transport over IPv4.
IPV4_OF = {TCP6: TCP, UDP6: UDP}
IPV6_OF = {TCP: TCP6, TLS: TLS, UDP: UDP6}


class Address(NamedTuple):
    """One address: host and port, or a path."""

    transport: str
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.transport in (UNIX, PIPE):
            return f"{self.transport}:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{_SCHEME_OF[self.transport]}://{host}:{self.port}"


def parse(text: str) -> Address:
    """Parse ``tcp://HOST:PORT``, ``udp://[::1]:PORT`` or ``unix:PATH``.

    Raises WrongUsage with the reason.
    """
    if text.lower().startswith(_PIPE_FORMS):
        name = text[len(_PIPES) :] if text.startswith("\\") else text[len(PIPE) + 1 :]
        if not name:
            raise WrongUsage(f"{text!r}: the pipe's name is missing")
        return Address(PIPE, path=name)
    if text.startswith("unix:"):
        path = text[len("unix:") :]
        if not path:
            raise WrongUsage(f"{text!r}: a path is missing after unix:")
        return Address(UNIX, path=path)
    scheme, separator, place = text.partition("://")
    if not separator or scheme not in SCHEMES:
        known = ", ".join(f"{name}://HOST:PORT" for name in SCHEMES)
        raise WrongUsage(f"{text!r} is not a valid address: {known}, unix:PATH or pipe:NAME")
    host, colon, port = place.rpartition(":")
    if not colon or not port:
        raise WrongUsage(f"{text!r}: the port is missing ({scheme}://HOST:PORT)")
    number = whole(port, 65535)
    if not number:
        raise WrongUsage(f"{text!r}: {port!r} is not a valid port (1-65535)")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not host or any(letter in host for letter in "[]/ @") or (":" in host and not bracketed):
        example = f"{scheme}://[::1]:9000"
        raise WrongUsage(f"{text!r}: {host!r} is not a valid host (IPv6 needs brackets: {example})")
    return Address(SCHEMES[scheme][bracketed and ":" in host], host=host, port=number)


def is_path(text: str) -> bool:
    """Return whether a text is the address of a Unix socket or a named pipe."""
    return text.startswith(f"{UNIX}:") or text.lower().startswith(_PIPE_FORMS)


def open_socket(
    address: Address, timeout: float, receive_buffer: int | None = None
) -> socket.socket:
    """Connect, trying every address of the host name.

    Arguments:
        timeout: seconds for all attempts together.
        receive_buffer: bytes of SO_RCVBUF, set before the handshake.
    Raises OSError (the last one).
    """
    if address.transport == PIPE:
        return _open_pipe(address, timeout)
    until = time.monotonic() + timeout
    failure: OSError = ConnectionRefusedError("no address")
    for family, name in endpoints(address):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            if receive_buffer is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            if family != getattr(socket, "AF_UNIX", None):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(max(0.01, until - time.monotonic()))
            sock.connect(name)
            # A connect to a free port of the ephemeral range can connect to itself.
            if sock.family != getattr(socket, "AF_UNIX", None) and (
                sock.getsockname() == sock.getpeername()
            ):
                raise ConnectionRefusedError(111, "connection refused")
            return sock
        except OSError as error:
            sock.close()
            failure = error
    raise failure


def pipe_name(address: Address) -> str:
    """Return the name of a pipe in the syntax of Windows."""
    return f"{_PIPES}{address.path}"


def _open_pipe(address: Address, timeout: float) -> socket.socket:
    if sys.platform != "win32":
        raise OSError(0, "named pipes exist on Windows only")
    from .windows.pipes import dial

    return dial(pipe_name(address), timeout)


def endpoints(address: Address) -> list[tuple[int, tuple[str, int] | str]]:
    """Return all pairs of family and socket name. Raises OSError for an unknown host."""
    if address.transport == UNIX:
        return [(socket.AF_UNIX, address.path)]
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    names: list[tuple[int, tuple[str, int] | str]] = [
        (int(family), name)  # type: ignore[misc]
        for family, _, _, _, name in found
    ]
    # A server on "localhost" may listen only on ::1, although this machine resolves "localhost"
    # only to 127.0.0.1.
    if address.host == "localhost":
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            if not any(kind == family for kind, _ in names):
                names.append((family, (host, address.port)))
    return names


def has_ipv6() -> bool:
    """Return whether this machine has an IPv6 loopback."""
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
