"""The codes with which a WebSocket is closed, and how they are shown. Pure."""

from __future__ import annotations

#: Codes of RFC 6455 7.4.1 and of IANA's registry.
MEANINGS = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "no code",
    1006: "no Close frame",
    1007: "invalid data",
    1008: "policy violation",
    1009: "message too big",
    1010: "extension missing",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
}

#: With any other code, the connection has failed.
IN_ORDER = frozenset({1000, 1001, 1005})

NORMAL, GOING_AWAY, TOO_BIG, ABNORMAL = 1000, 1001, 1009, 1006


def named(code: int) -> str:
    """Return a code with its meaning."""
    return f"{code} ({MEANINGS[code]})" if code in MEANINGS else str(code)


def shown(reason: str) -> str:
    """Return a peer's text on one line, harmless to a terminal."""
    return "".join(one if one.isprintable() else "?" for one in reason)
