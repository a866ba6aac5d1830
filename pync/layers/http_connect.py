"""CONNECT of HTTP (RFC 9110 9.3.6) from the client's side, with Basic authentication. Pure."""

from __future__ import annotations

import base64
import re

from .handshake import Handshake, HandshakeError, Line, Send

#: Bytes of one line, and lines of one answer, that a proxy may send.
LONGEST_LINE = 8192
MOST_LINES = 100

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: .*)?\r?\n")


class StatusError(HandshakeError):
    """The proxy answered with another status than 2xx.

    Arguments:
        status: as it said.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"the proxy returned status code {status}")
        self.status = status


def connect(host: str, port: int, user: str | None = None, password: str = "") -> Handshake[None]:
    """Ask an HTTP proxy for a connection.

    Raises HandshakeError.
    """
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if not where.isprintable() or " " in where:
        raise HandshakeError(f"{host!r} is no host name")
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    if user is not None:
        secret = base64.b64encode(f"{user}:{password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {secret}")
    yield Send("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
    answer = yield Line(LONGEST_LINE)
    found = _STATUS.fullmatch(answer)
    if not found:
        raise HandshakeError("the proxy does not speak HTTP")
    for _ in range(MOST_LINES):
        if (yield Line(LONGEST_LINE)) in (b"\r\n", b"\n"):
            break
    else:
        raise HandshakeError("the proxy's answer does not end")
    status = int(found.group(1))
    if not 200 <= status < 300:
        raise StatusError(status)
