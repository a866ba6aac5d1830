"""CONNECT of HTTP (RFC 9110 9.3.6), the client's side. Pure.

User and password are sent only to a proxy that requires them, by the method that it requires
(http_auth.py): this may not need the password itself.
"""

from __future__ import annotations

import re

from .handshake import Handshake, HandshakeError, Line, Send

#: Bytes of one line, and lines of one answer, that a proxy may send.
LONGEST_LINE = 8192
MOST_LINES = 100

#: Informational responses (1xx) before the final one (RFC 9110 15.2).
MOST_INFORMATIONAL = 10

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: .*)?\r?\n")
_CHALLENGE = re.compile(rb"(?i:proxy-authenticate):[ \t]*(.*?)[ \t]*\r?\n")


class StatusError(HandshakeError):
    """The proxy answered with a status other than 2xx.

    Arguments:
        status: the number.
        line: the status line.
        challenges: with 407, the values of Proxy-Authenticate.
    """

    def __init__(self, status: int, line: str = "", challenges: tuple[str, ...] = ()) -> None:
        super().__init__(f"the proxy returned status code {status}")
        self.status = status
        self.line = line
        self.challenges = challenges


def connect(host: str, port: int, authorization: str | None = None) -> Handshake[None]:
    """Ask an HTTP proxy for a connection.

    Arguments:
        authorization: the value of Proxy-Authorization, after a challenge.

    Raises HandshakeError.
    """
    where = authority(host, port)
    if not where.isprintable() or " " in where:
        raise HandshakeError(f"{host!r} is not a valid host name")
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    if authorization is not None:
        lines.append(f"Proxy-Authorization: {authorization}")
    yield Send("".join(f"{line}\r\n" for line in [*lines, ""]).encode("utf-8", "surrogateescape"))
    for _ in range(MOST_INFORMATIONAL + 1):
        status, shown, challenges = yield from _response()
        # 101 is not informational here: we have not requested an upgrade (RFC 9110 15.2.2).
        if not 100 <= status < 200 or status == 101:
            break
    if not 200 <= status < 300:
        raise StatusError(status, shown, challenges)


def _response() -> Handshake[tuple[int, str, tuple[str, ...]]]:
    """Read one response's head: its status, its first line, and its challenges."""
    answer = yield Line(LONGEST_LINE, name="status")
    shown = answer.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
    found = _STATUS.fullmatch(answer)
    if not found:
        raise HandshakeError("the proxy does not speak HTTP", f"http/{shown}")
    challenges: list[str] = []
    for _ in range(MOST_LINES):
        line = yield Line(LONGEST_LINE, name="header")
        if line in (b"\r\n", b"\n"):
            break
        challenge = _CHALLENGE.fullmatch(line)
        if challenge:
            challenges.append(challenge.group(1).decode("utf-8", "backslashreplace"))
    else:
        raise HandshakeError("the proxy's answer does not end")
    return int(found.group(1)), shown, tuple(challenges)


def authority(host: str, port: int) -> str:
    """Return host and port in the form of a request."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
