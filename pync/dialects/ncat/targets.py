"""ncat's targets: hosts, ports, paths, source routes. Pure, except for service names."""

from __future__ import annotations

from ...core.address import MOST_VSOCK, Address
from ...core.config import Config
from ...core.errors import UsageError
from ...core.number import is_digits, whole
from ...core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

DEFAULT_PORT = "31337"

#: Hops and pointers for which an IPv4 header has room (RFC 791 3.1).
MOST_HOPS = 8
POINTERS = range(4, 29, 4)

#: Larger pointers are shown as 0.
MOST_POINTER = 2**31 - 1


def address(config: Config, words: list[str]) -> Address:
    """Return the address of the words. Raises UsageError."""
    if config.unixsock:
        if not words:
            verb = "listen on" if config.listen else "connect to"
            raise UsageError(f"You have to specify path to a socket to {verb}.")
        return Address("unixgram" if config.udp else "unix", path=words[0])
    scheme = "vsock" if config.vsock else "sctp" if config.sctp else "tcp"
    if config.udp and config.vsock:
        raise UsageError("--vsock has no datagrams here.")
    if config.udp and scheme == "tcp":
        scheme = "udp"
    if config.source_port is not None and whole(config.source_port, 65535) is None:
        raise UsageError(f"Invalid source port {config.source_port}.")
    ports = words if config.listen else words[1:]
    if config.listen and config.source_port is not None and len(words) == 2:
        raise UsageError(f"Got more than one port specification: {config.source_port} {words[1]}.")
    if len(words) > 2:
        raise UsageError(f"Got more than one port specification: {' '.join(ports)}.")
    if config.listen:
        host, port = _listen_on(config, words)
    else:
        if not words:
            raise UsageError("You must specify a host to connect to.")
        host, port = words[0], words[1] if len(words) == 2 else DEFAULT_PORT
    if config.vsock:
        return _vsock(host, port)
    return Address(scheme, host, _port(port, scheme))


def _vsock(cid: str, port: str) -> Address:
    for text, what in ((cid, "CID"), (port, "port number")):
        if text and whole(text, MOST_VSOCK) is None:
            raise UsageError(f'Invalid {what} "{text}".')
    return Address("vsock", cid, port)


def route(fields: dict[str, Any]) -> dict[str, object]:
    """Return the hops of every -g; for IPv4 only. Raises UsageError."""
    hops = [hop for text in fields.get("loose_route", ()) for hop in text.split(",") if hop]
    if len(hops) > MOST_HOPS:
        raise UsageError("Sorry, you gave too many source route hops.")
    if hops and not fields.get("ipv4"):
        raise UsageError("Sorry, -g can only currently be used with IPv4.")
    return {"loose_route": tuple(hops)}


def pointer(text: str, _option: str) -> int:
    """Return the value of -G. Raises UsageError."""
    number = whole(text, MOST_POINTER) or 0
    if number not in POINTERS:
        raise UsageError(f"Invalid source-route hop pointer {number}.")
    return number


def _listen_on(config: Config, words: list[str]) -> tuple[str, str]:
    host = config.source or ""
    if len(words) == 2:
        return words[0], words[1]
    if len(words) == 1 and (is_digits(words[0]) or config.vsock):
        return host, words[0]
    port = config.source_port or DEFAULT_PORT
    return (words[0] if words else host), port


def _port(text: str, scheme: str) -> str:
    if whole(text, 65535) is not None:
        return text
    from ...transports.services import port_of

    port = port_of(text, scheme)
    if port is None:
        raise UsageError(f'Invalid port number "{text}".')
    return str(port)


def source_port(text: str, _option: str) -> str:
    """Return the value of -p; as in ncat, its size is checked later. Raises UsageError."""
    if not is_digits(text):
        raise UsageError(f'Invalid source port number "{text}".')
    return text
