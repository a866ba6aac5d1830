"""Two addresses on one command line: connections to the first are joined to the second. Pure.

``pync -lk ADDRESS ONWARD``, or ``--to ONWARD`` with the short forms. Standard input and output
(``-``) and commands (``exec:COMMAND``) are handled by client, server and executor: the words are
converted to theirs.
"""

from __future__ import annotations

import os

from ...core.address import (
    DATAGRAMS,
    INHERITED,
    MOST_VSOCK,
    WEBSOCKETS,
    Address,
    is_url,
    split_host_port,
)
from ...core.address import parse as parse_address
from ...core.config import AWAITING_ANSWER, Config
from ...core.endings import Endings
from ...core.errors import UsageError, shortened
from ...core.number import whole
from ..targets import SECURED
from .rules import OF_ONWARD_TLS, OF_SCREEN, shown

#: Seconds that an onward connection may take to end, once a client's WebSocket is closed.
AFTER_CLOSE = 10.0

STDIO, COMMAND = "-", "exec:"

#: Options that mean nothing between two connections.
_MEANINGLESS = (
    "zero_io",
    "ping",
    "pass_fd",
    "exec",
    "sh_exec",
    "expect",
    "until",
    "count",
    "recv_limit",
    "broker",
    "chat",
    "proxy_type",
    "edit",
    *OF_SCREEN,
    "progress",
    "crlf",
    "telnet",
    "interval",
    "delay",
    "delimiter",
    "send_only",
    "recv_only",
    "no_stdin",
    "shutdown",
    "no_shutdown",
    "half_open",
    "quit_after",
)


#: Schemes to which a proxy can lead.
_BY_PROXY = {"tcp", "tls", *WEBSOCKETS}

#: Options that mean nothing between two addresses of datagrams.
_OF_STREAMS = ("to_starttls", "if_refused", "proxy_protocol", "accept_proxy_protocol", "reconnect")


def with_onward(config: Config) -> Config:
    """Return the Config with its onward addresses, if any. Raises UsageError."""
    words, to = list(config.target), list(config.to)
    if len(words) > 1 and _goes_on(config, words):
        to.insert(0, words.pop())
    if words and not config.listen and (words[0] == STDIO or words[0].startswith(COMMAND)):
        # In this order it is the same: a client or a command connects.
        if len(words) > 1 or len(to) != 1:
            raise UsageError(
                f"{shortened(words[0])} is joined to one address: pync - tcp://HOST:PORT"
            )
        words, to = to, words
        config = _swapped(config)
    if not to:
        return config
    config = config._replace(target=tuple(words), to=tuple(to))
    if to == [STDIO]:
        return config._replace(to=())
    if len(to) == 1 and to[0].startswith(COMMAND):
        if config.exec is not None or config.sh_exec is not None:
            raise UsageError(f"two commands, --exec and {shortened(to[0])}: give one")
        return config._replace(exec=to[0].removeprefix(COMMAND), to=())
    config = config._replace(to_ssl=config.to_ssl or any(getattr(config, n) for n in OF_ONWARD_TLS))
    config = config._replace(onward=tuple(_onward(text, config) for text in to))
    if _scheme(config) in INHERITED and any(one.scheme in DATAGRAMS for one in config.onward):
        # The address of an inherited socket does not say that it is one of datagrams.
        return config._replace(udp=True)
    return config


def _swapped(config: Config) -> Config:
    """Return the Config of a client, with the TLS options of the onward address as its own."""
    for name in ("to_ssl", *OF_ONWARD_TLS):
        if getattr(config, name):
            config = config._replace(**{name.removeprefix("to_"): getattr(config, name)})
            config = config._replace(**{name: Config._field_defaults[name]})
    return config


def check(config: Config) -> None:
    """Refuse addresses and options that cannot be joined. Raises UsageError."""
    for name in _MEANINGLESS:
        if getattr(config, name):
            raise UsageError(f"cannot use {shown(name)} between two addresses")
    assert config.address is not None
    for address in (config.address, *config.onward):
        if address.scheme == "pipe" and os.name != "nt":
            raise UsageError(
                f"cannot join {address}: named pipes exist on Windows only; here a Unix socket does"
                " the same (unix:PATH)"
            )
    for address in config.onward:
        if address.scheme == "vsock" and None in map(_number, (address.host, address.service)):
            raise UsageError(f"cannot go on to {address}: a CID and a port of vsock are numbers")
    _check_kinds(config, config.address)
    if config.proxy and not {address.scheme for address in config.onward} <= _BY_PROXY:
        raise UsageError("--proxy leads to tcp://, tls://, ws:// and wss:// only")


def _number(text: str) -> int | None:
    return whole(text, MOST_VSOCK)


def _check_kinds(config: Config, near: Address) -> None:
    """Refuse a stream joined to datagrams, and options of streams only. Raises UsageError."""
    of_datagrams = bool(config.udp) or near.scheme in DATAGRAMS
    for address in config.onward:
        if of_datagrams != (address.scheme in DATAGRAMS):
            listens = "-lk " if config.listen else ""
            raise UsageError(
                f"cannot join {near} to {address}: a stream does not keep datagrams apart; "
                f"if that does not matter: pync {listens}{near} --exec 'pync {address}'"
            )
    if of_datagrams:
        if config.workers and config.ssl:
            raise UsageError(f"cannot use --workers with dtls://{near.host}:{near.service}")
        if config.workers and near.scheme in ("unixgram", *INHERITED):
            raise UsageError(
                f"cannot use --workers with {near}: it is one socket, and a peer's datagrams would"
                " come to any worker"
            )
        for name in _OF_STREAMS:
            if getattr(config, name):
                raise UsageError(f"cannot use {shown(name)} with {near}: it is for streams")


def with_faults(config: Config) -> Config:
    """Return the Config with its faults, and the control address. Raises UsageError."""
    from ...core.fault import DATAGRAMS as DATAGRAMS_LINE
    from ...core.fault import STREAMS, parse_fault
    from .controlling import control_address

    faults = tuple(parse_fault(text) for text in config.fault)
    for fault in faults:
        fault.check(DATAGRAMS_LINE if _is_of_datagrams(config) else STREAMS)
    at = None if config.control is None else control_address(config.control, "--control")
    return config._replace(faults=faults, controlled_at=at)


def endings(config: Config, idle: float | None) -> Endings:
    """Return a relay's endings: each side's EOF is passed on, and both must have ended."""
    # A named pipe of bytes ends as a whole, so the other side's end must end it. So does an
    # association of SCTP (RFC 9260 9.2): its kernel answers the end itself.
    of_bytes = config.pipe_mode != "message"
    held = {"tls", "sctp", *WEBSOCKETS, *(["pipe"] if of_bytes else [])}
    from_pipe = config.address is not None and config.address.scheme == "pipe" and of_bytes
    from_websocket = config.address is not None and config.address.scheme in WEBSOCKETS
    to_websocket = any(one.scheme in WEBSOCKETS for one in config.onward)
    is_held = any(one.scheme in held for one in config.onward)
    # Between two WebSockets, each Close frame is answered by the side that has got it.
    both_close = from_websocket and to_websocket
    ends_whole = to_websocket and not both_close
    return Endings(
        on_peer_end="leave" if from_pipe else "waiting" if ends_whole else "stay",
        # A WebSocket that has closed takes nothing more.
        quit_after=AFTER_CLOSE if from_websocket else None,
        idle=idle,
        truncated_ends=False,
        # Most servers stop answering when they receive close_notify; a pipe's answer would be
        # lost.
        # (A client's WebSocket that has closed can receive no answer.)
        eof_after=AWAITING_ANSWER if is_held and not both_close else None,
        whole=True,
    )


def _goes_on(config: Config, words: list[str]) -> bool:
    """Return whether the last word is an onward address. (A port has no colon.)"""
    last = words[-1]
    return (config.listen and ":" in last) or (
        _is_end(last) and bool(config.listen or _is_end(words[0]) or config.to)
    )


def _is_end(word: str) -> bool:
    return word == STDIO or word.startswith(COMMAND) or is_url(word)


def _is_of_datagrams(config: Config) -> bool:
    return bool(config.udp) or _scheme(config) in DATAGRAMS


def _scheme(config: Config) -> str:
    return config.target[0].partition(":")[0] if config.target else ""


def _onward(text: str, config: Config) -> Address:
    if text == STDIO or text.startswith(COMMAND):
        raise UsageError(f"{shortened(text)} stands alone: give one onward address")
    secured = next((one for one in SECURED if text.startswith(one)), "")
    if secured:
        text = SECURED[secured] + text.removeprefix(secured)
    if is_url(text):
        address = parse_address(text)
    elif ":" in text:
        host, port = split_host_port(text, text)
        scheme = "udp" if _is_of_datagrams(config) else "tcp"
        address = Address(scheme, host or "localhost", port)
    else:
        raise UsageError(f"--to: {shortened(text)} is not an address: write HOST:PORT or unix:PATH")
    if address.scheme in INHERITED:
        raise UsageError(
            f"cannot go on to {address}, a listening socket: pync -lk {address} ONWARD"
        )
    if not (address.host or address.path):
        raise UsageError(f"{address} has no host to connect to")
    if not (secured or config.to_ssl) or address.scheme == "wss":
        return address
    if address.scheme == "ws":
        return address._replace(scheme="wss")
    # (tcp4 and the like exist only without TLS: with TLS, -4 and -6 limit the family.)
    if address.scheme in ("udp", "udp4", "udp6"):
        return address._replace(scheme="dtls")
    if address.scheme not in ("tcp", "tcp4", "tcp6"):
        raise UsageError(f"cannot use TLS onward with {address}")
    return address._replace(scheme="tls")
