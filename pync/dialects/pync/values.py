"""Converting the texts of pync's options to values. Pure."""

from __future__ import annotations

from collections.abc import Callable

from ...core.deadline import parse_duration
from ...core.errors import UsageError, shortened
from ...core.number import whole
from ...core.quantity import parse_bytes, parse_count, parse_retry, parse_size, parse_ttl, unescape

#: The kinds of --exit-codes.
PLAIN, DETAILED = "plain", "detailed"


#: More processes than any machine has cores must be a mistake.
MOST_WORKERS = 1024


def _one_of(*choices: str) -> Callable[[str, str], str]:
    def choose(text: str, option: str) -> str:
        if text not in choices:
            *others, last = choices
            if len(others) == 1:
                raise UsageError(f"{option}: {text!r} is neither {others[0]} nor {last}")
            raise UsageError(f"{option}: {text!r} is not {', '.join(others)} or {last}")
        return text

    return choose


def _named_file(text: str, option: str) -> str:
    if not text:
        raise UsageError(f"{option} needs the name of a file")
    return text


def _pause(text: str, option: str) -> float:
    seconds = parse_duration(text, option)
    if not seconds:
        raise UsageError(f"{option}: {shortened(text)} is too short; the default is 1s")
    return seconds


def _workers(text: str, option: str) -> int:
    number = parse_count(text, option)
    if number > MOST_WORKERS:
        raise UsageError(f"{option}: {number} are too many (at most {MOST_WORKERS})")
    return number


def _tos(text: str, option: str) -> int:
    from ..tos import parse_tos

    return parse_tos(text, option)


def _with_starttls(text: str, option: str) -> str:
    from ...layers.starttls import PROTOCOLS

    if text not in PROTOCOLS:
        raise UsageError(f"{option}: {shortened(text)} is not one of {', '.join(PROTOCOLS)}")
    return text


def _multicast_ttl(text: str, option: str) -> int:
    number = whole(text, 255)
    if number is None:
        raise UsageError(f"{option}: {shortened(text)} is not a number from 0 to 255")
    return number


def _interface(text: str, option: str) -> str:
    if not text or "\0" in text:
        raise UsageError(f"{option} needs the name of an interface, as eth0")
    return text


#: The most seconds, and probes, that Linux accepts (tcp(7), linux/tcp.h).
_LONGEST_KEEPALIVE, _MOST_PROBES = 32767, 127


def _keepalive(text: str, option: str) -> tuple[int, ...]:
    """Return the seconds before the first probe, those between probes, and how many probes."""
    idle, *rest = text.split(",")
    if len(rest) > 2:
        raise UsageError(
            f"{option}: {shortened(text)} is not IDLE, IDLE,INTERVAL or all with COUNT"
        )
    seconds = [parse_duration(each, option) for each in (idle, *rest[:1])]
    for each in seconds:
        if each != int(each) or not 1 <= each <= _LONGEST_KEEPALIVE:
            raise UsageError(f"{option}: {each:g} s are not whole seconds from 1 to 32767")
    counts = [parse_count(each, option) for each in rest[1:]]
    if counts and counts[0] > _MOST_PROBES:
        raise UsageError(f"{option}: {counts[0]} probes are too many (at most {_MOST_PROBES})")
    return (*(int(each) for each in seconds), *counts)


def _of_websocket(text: str, option: str) -> object:
    from .websockets import value

    return value(text, option)


def _seed(text: str, option: str) -> int:
    number = whole(text, 2**63)
    if number is None:
        raise UsageError(f"{option}: {shortened(text)} is not a whole number")
    return number


#: The functions that convert an option's text to its value: (text, option) -> value.
VALUES: dict[str, Callable[[str, str], object]] = {
    **dict.fromkeys(
        (
            "wait",
            "quit_after",
            "interval",
            "delay",
            "idle_timeout",
            "connect_timeout",
            "banner",
            "accept_timeout",
            "drain",
        ),
        parse_duration,
    ),
    "count": parse_count,
    "max_conns": parse_count,
    "workers": _workers,
    "recv_limit": parse_count,
    "recv_buffer": parse_size,
    "send_buffer": parse_size,
    "ttl": parse_ttl,
    "min_ttl": parse_ttl,
    "tos": _tos,
    "multicast_ttl": _multicast_ttl,
    "multicast_loop": lambda text, option: int(_one_of("on", "off")(text, option) == "on"),
    "keepalive": _keepalive,
    "device": _interface,
    "delimiter": unescape,
    "rate": parse_bytes,
    "retry": parse_retry,
    **dict.fromkeys(
        (
            "ssl_cert",
            "ssl_key",
            "ssl_trustfile",
            "ssl_keylog",
            "proxy_auth_file",
            "allowfile",
            "denyfile",
            "report_port",
            "expect",
            "output",
            "hex_dump",
            "to_ssl_cert",
            "to_ssl_key",
            "to_ssl_trustfile",
        ),
        _named_file,
    ),
    "fault_seed": _seed,
    **dict.fromkeys(("header", "origin", "subprotocol", "ping_interval"), _of_websocket),
    "reconnect": _pause,
    "if_refused": _one_of("reset", "close"),
    "balance": _one_of("round-robin", "random"),
    **dict.fromkeys(("starttls", "to_starttls"), _with_starttls),
    "proxy_protocol": _one_of("v1", "v2"),
    "show": _one_of("text", "hex", "escape"),
    "input": _one_of("hex", "escape"),
    "colour": _one_of("auto", "always", "never"),
    "exit_codes": _one_of(PLAIN, DETAILED),
    "pipe_mode": _one_of("byte", "message"),
}
