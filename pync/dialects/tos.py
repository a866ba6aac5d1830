"""Type of service, by the names that nc(1) gives it (netinet/ip.h, RFC 2474, RFC 2597). Pure."""

from __future__ import annotations

from ..core.errors import UsageError

#: Keyword -> the octet in the IP header.
TOS = {
    **{f"af{klass}{drop}": 32 * klass + 8 * drop for klass in range(1, 5) for drop in range(1, 4)},
    "critical": 0xA0,
    **{f"cs{klass}": 32 * klass for klass in range(8)},
    "ef": 0xB8,
    "inetcontrol": 0xC0,
    "lowcost": 0x02,
    "lowdelay": 0x10,
    "netcontrol": 0xE0,
    "reliability": 0x04,
    "throughput": 0x08,
}


def parse_tos(text: str, option: str) -> int:
    """Read a keyword, or a number as C writes it (16, 0x10).

    Raises UsageError that names the option.
    """
    if text in TOS:
        return TOS[text]
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value <= 255:
        raise UsageError(f"{option}: {text!r} is no type of service (lowdelay, ef, af11, 0x10)")
    return value
