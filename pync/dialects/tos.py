"""Type of service, by nc(1)'s names (netinet/ip.h, RFC 2474, RFC 2597). Pure."""

from __future__ import annotations

from ..core.errors import UsageError, shortened
from ..core.number import whole

_HEXADECIMAL = r"0[xX]0*[0-9a-fA-F]{1,2}"

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
    """Parse a keyword, or a number (16, 0x10).

    Raises UsageError that names the option.
    """
    if text in TOS:
        return TOS[text]
    import re

    value = int(text, 16) if re.fullmatch(_HEXADECIMAL, text) else whole(text, 255)
    if value is None:
        raise UsageError(
            f"{option}: {shortened(text)} is not a type of service; "
            "use for example lowdelay, ef, af11 or 0x10"
        )
    return value
