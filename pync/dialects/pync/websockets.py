"""WebSockets on pync's command line: checks of their options, and messages for their events."""

from __future__ import annotations

import re
from collections.abc import Callable

from ...core.config import Config
from ...core.deadline import parse_duration
from ...core.errors import UsageError, shortened
from ...core.server_events import Upgraded, WebsocketClosed

#: Options that a WebSocket does not have.
_WITHOUT = ("udp", "unixsock", "zero_io", "pass_fd", "telnet", "starttls")

#: A token of RFC 9110 5.6.2.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"

#: Headers that the handshake makes itself, and a hint at the option to use instead.
_OURS = {
    "connection": "",
    "upgrade": "",
    "content-length": "",
    "transfer-encoding": "",
    "sec-websocket-key": "",
    "sec-websocket-accept": "",
    "sec-websocket-version": "",
    "sec-websocket-extensions": ": --ws-deflate offers permessage-deflate",
    "sec-websocket-protocol": ": --subprotocol=NAME",
    "origin": ": --origin=ORIGIN",
}


def value(text: str, option: str) -> object:
    """Return the value of an option's text. Raises UsageError."""
    return _VALUES[option](text, option)


def _header(text: str, option: str) -> str:
    """Check a header as typed, NAME: VALUE, and return it. Raises UsageError."""
    found = re.fullmatch(rf"({_TOKEN}):[ \t]*([ -~\x80-\U0010ffff\t]*)", text)
    if found is None:
        raise UsageError(f"{option}: {shortened(text)} is not NAME: VALUE")
    name = found[1].lower()
    if name in _OURS:
        raise UsageError(f"{option}: the handshake sets {found[1]} itself{_OURS[name]}")
    return text


def _subprotocol(text: str, option: str) -> str:
    """Check a subprotocol's name, and return it. Raises UsageError."""
    if not re.fullmatch(_TOKEN, text):
        raise UsageError(f"{option}: {shortened(text)} is not a name (a word of ASCII characters)")
    return text


def _origin(text: str, option: str) -> str:
    """Check an origin (RFC 6454 7): SCHEME://HOST[:PORT], null, or *. Raises UsageError."""
    if text in ("*", "null") or re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://[!-.0-~]+", text):
        return text
    raise UsageError(f"{option}: {shortened(text)} is not an origin, as https://example.com")


def _ping_interval(text: str, option: str) -> float:
    """Return the seconds between two pings. Raises UsageError."""
    seconds = parse_duration(text, option)
    if not seconds:
        raise UsageError(f"{option}: {shortened(text)} is too short")
    return seconds


_VALUES: dict[str, Callable[[str, str], object]] = {
    "--header": _header,
    "--origin": _origin,
    "--subprotocol": _subprotocol,
    "--ping-interval": _ping_interval,
}


def settled(config: Config) -> Config:
    """Return the Config of a WebSocket, with TLS by wss:// or --ssl. Raises UsageError."""
    _check(config)
    return _with_tls(config)


def _with_tls(config: Config) -> Config:
    """Return the Config with TLS for an address wss://, and with wss:// for TLS."""
    address = config.address
    assert address is not None
    if address.scheme == "wss":
        return config._replace(ssl=True)
    if config.ssl:
        return config._replace(address=address._replace(scheme="wss"))
    return config


def _check(config: Config) -> None:
    """Refuse options that cannot be combined. Raises UsageError."""
    from .rules import shown

    assert config.address is not None
    for name in _WITHOUT:
        if getattr(config, name):
            raise UsageError(f"cannot use {shown(name)} with {config.address}")
    if config.listen and config.proxy_type:
        raise UsageError(f"cannot use --proxy-type and -l with {config.address}")
    if config.ws_text and config.ws_binary:
        raise UsageError("cannot use --ws-text and --ws-binary")
    if config.ws_text and (config.broker or config.chat):
        raise UsageError(
            "cannot use --ws-text with --broker or --chat: a message goes on as what it came"
        )
    if not config.listen and (len(config.origin) > 1 or "*" in config.origin):
        raise UsageError("--origin of a client is one: https://example.com")
    if config.listen and config.ws_deflate:
        raise UsageError("--ws-deflate is a client's: a listener agrees to it when it is offered")


def said_of(event: Upgraded | WebsocketClosed) -> str:
    """Return the message for an event, with -v."""
    if isinstance(event, Upgraded):
        extras = [f"subprotocol {event.subprotocol}"] if event.subprotocol else []
        extras += ["permessage-deflate"] if event.deflate else []
        return f"WebSocket {event.target}" + (f" ({', '.join(extras)})" if extras else "")
    from ...layers.websocket_codes import named, shown

    reason = f": {shown(event.reason)}" if event.reason else ""
    return f"WebSocket closed with {named(event.code)}{reason}"
