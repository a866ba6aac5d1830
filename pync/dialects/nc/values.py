"""The values of nc's options, converted and refused in the same way (strtonum(3)). Pure."""

from __future__ import annotations

from ...core.errors import UsageError
from ...core.number import is_digits, whole
from ...core.typed import Callable, NamedTuple
from ..tos import parse_tos


class Number(NamedTuple):
    """The name and the range of an option's number."""

    name: str
    least: int
    most: int


_INT = 2**31 - 1
_LARGEST = 2**63 - 1

#: The letters that strtoll(3) skips.
_BLANKS = " \t\n\v\f\r"

#: Field -> its range; in nc's errors the fault follows the name.
NUMBERS = {
    "recv_buffer": Number("TCP receive window", 1, 1 << 30),
    "send_buffer": Number("TCP send window", 1, 1 << 30),
    "interval": Number("interval", 0, 2**32 - 1),
    "ttl": Number("ttl is", 0, 255),
    "min_ttl": Number("minttl is", 0, 255),
    "quit_after": Number("quit timer", -_INT - 1, _INT),
    "wait": Number("timeout", 0, _INT // 1000),
    "recv_limit": Number("receive limit", 1, _INT),
}

#: 4A (the proxy looks names up) is from OpenSSH's netcat.
PROXIES = {"4": "socks4", "4A": "socks4", "5": "socks5", "connect": "http"}


def _number(text: str, number: Number) -> int:
    """Convert like strtonum(3); in an error, the fault follows the name."""
    # "ttl is too large", but "timeout too small: -1".
    end = "" if number.name.endswith(" is") else f": {text}"
    signed = text.lstrip(_BLANKS)
    digits = signed[1:] if signed.startswith(("+", "-")) else signed
    if not is_digits(digits):
        raise UsageError(f"{number.name} invalid{end}")
    value = whole(digits, _LARGEST)
    value = _LARGEST if value is None else value
    value = -value if signed.startswith("-") else value
    wrong = "too small" if value < number.least else "too large" if value > number.most else ""
    if wrong:
        raise UsageError(f"{number.name} {wrong}{end}")
    return value


def _within(number: Number) -> Callable[[str, str], int]:
    return lambda text, _option: _number(text, number)


def _tos(text: str, option: str) -> int:
    try:
        return parse_tos(text, option)
    except UsageError:
        raise UsageError(f"illegal tos value {text}") from None


def _protocol(text: str, _option: str) -> str:
    if text not in PROXIES:
        raise UsageError("unsupported proxy protocol")
    return text


def _rtable(_text: str, _option: str) -> str:
    raise UsageError("no alternate routing table support available")


#: The functions that convert an option's text to its value.
VALUES: dict[str, Callable[[str, str], object]] = {
    **{name: _within(number) for name, number in NUMBERS.items()},
    "tos": _tos,
    "proxy_protocol": _protocol,
    "rtable": _rtable,
}


def port_number(text: str) -> int:
    """Return the peer's port. Raises UsageError."""
    return _number(text, Number("port number", 1, 65535))
