"""Deriving from the Config how a connection becomes a WebSocket."""

from __future__ import annotations

from ...core.address import WEBSOCKETS, Address
from ...core.config import Config
from ...core.errors import UsageError
from ...transports.websocket import HANDSHAKE_TIMEOUT, Upgrade

try:
    from ...layers.websocket import Framing
    from ...layers.websocket_handshake import Offer, Wish, host_of
except ModuleNotFoundError:
    raise UsageError("a WebSocket needs wsproto: pip install 'pync-nc[ws]'") from None

#: The limit of bytes of a message to all other clients of a broker.
LARGEST_SHARED = 1024 * 1024


def upgrade_of(config: Config) -> Upgrade:
    """Return a client's request, or the clients that a listener accepts, and the framing."""
    address, asked = config.address, config.connect_timeout or config.wait
    assert address is not None
    return Upgrade(
        _offer(config, address) if config.listen else _wish(config, address),
        _framing(config),
        config.ping_interval,
        HANDSHAKE_TIMEOUT if asked is None else asked,
    )


def onward_upgrade_of(config: Config, address: Address) -> Upgrade:
    """Return the same for an onward address.

    If the first address is a WebSocket too, most options apply to that one only.
    """
    first = config.address
    if first is not None and first.scheme in WEBSOCKETS:
        config = Config(
            ws_text=config.ws_text,
            ws_binary=config.ws_binary,
            onward=config.onward,
            subprotocol=config.subprotocol,
        )
    timeout = HANDSHAKE_TIMEOUT if config.connect_timeout is None else config.connect_timeout
    return Upgrade(_wish(config, address), _framing(config), config.ping_interval, timeout)


def _framing(config: Config) -> Framing:
    kind = "text" if config.ws_text else "binary" if config.ws_binary or config.onward else ""
    shared = config.broker or config.chat
    passes_on = bool(config.onward) and not (config.ws_text or config.ws_binary)
    return Framing(delimiter_of(config), kind, LARGEST_SHARED if shared else None, passes_on)


def delimiter_of(config: Config) -> bytes | None:
    """Return the end of a message in the input and the output; None: each read is one."""
    by_lines = not (config.ws_binary or config.onward) or config.ws_text
    return config.delimiter or (b"\n" if by_lines else None)


def _wish(config: Config, address: Address) -> Wish:
    headers = [_encoded(header) for header in config.header]
    headers += [(b"Origin", origin.encode()) for origin in config.origin]
    named = [value.decode() for name, value in headers if name.lower() == b"host"]
    return Wish(
        named[0] if named else host_of(address),
        address.path or "/",
        address.login,
        tuple(one for one in headers if one[0].lower() != b"host"),
        config.subprotocol,
        config.ws_deflate,
    )


def _offer(config: Config, address: Address) -> Offer:
    headers = tuple(_encoded(header) for header in config.header)
    # (Web pages that were written for websockify request this subprotocol.)
    to_bytes = any(one.scheme not in WEBSOCKETS for one in config.onward)
    subprotocols = config.subprotocol or (("binary",) if to_bytes else ())
    return Offer(address.path, address.login, config.origin, headers, subprotocols)


def _encoded(header: str) -> tuple[bytes, bytes]:
    name, _, value = header.partition(":")
    return name.strip().encode(), value.strip().encode()
