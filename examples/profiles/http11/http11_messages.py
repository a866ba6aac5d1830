"""HTTP/1.1 messages: a strict parser for what a server sends.

An invalid message raises a Violation with the bytes. Clauses are those of RFC 9112.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pync_conformance.api import NotJudged, Peer, Session, Violation

#: The most bytes of a header section, or of a line in chunked content; no tested server sends more.
MOST_HEADER = 64 * 1024

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-5][0-9]{2} [\t\x20-\x7e\x80-\xff]*")
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
_CHUNK = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")


class Response(NamedTuple):
    """A response: its status line, its fields with their names in lower case, its content."""

    line: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    content: bytes

    @property
    def version(self) -> bytes:
        """As ``HTTP/1.1``."""
        return self.line[:8]

    @property
    def status(self) -> int:
        """The three digits."""
        return int(self.line[9:12])

    def field(self, name: bytes) -> bytes | None:
        """The value of a field, all its lines in one (RFC 9110 5.2); None without one."""
        values = [value for key, value in self.fields if key == name]
        return b", ".join(values) if values else None

    @property
    def closes(self) -> bool:
        """Whether the response says that the server ends the connection after it (9.3)."""
        options = (self.field(b"connection") or b"").lower()
        said = {option.strip() for option in options.split(b",")}
        return b"close" in said or (self.version == b"HTTP/1.0" and b"keep-alive" not in said)


def request(session: Session, line: bytes, *fields: bytes, content: bytes = b"") -> bytes:
    """Return a request: its line, Host, the given fields and content."""
    host = b"Host: " + session.parameters["host"]
    return b"\r\n".join([line, host, *fields, b"", content])


def page(session: Session, *fields: bytes, method: bytes = b"GET") -> bytes:
    """Return a request for the page."""
    return request(session, method + b" " + session.parameters["page"] + b" HTTP/1.1", *fields)


def read_response(peer: Peer, method: bytes = b"GET", interim: bool = False) -> Response:
    """Read one response.

    Arguments:
        method: of the request; what answers HEAD has no content.
        interim: a 1xx response is one too; otherwise those before the final one are dropped.
    Raises Violation.
    """
    while True:
        # Fail at once if it is not a status line: a whole page may come before an empty line.
        peer.expect(b"HTTP/1.", "the status line")
        rest = peer.read_until(b"\r\n\r\n", "the header of the response", MOST_HEADER)
        response = _read_head(peer, b"HTTP/1." + rest)
        if response.status >= 200:
            return response._replace(content=_read_content(peer, response, method))
        if interim:
            return response


def read_page(session: Session, peer: Peer, method: bytes = b"GET") -> Response:
    """Read the response with the page: 200 and its content. Raises Violation."""
    response = read_response(peer, method)
    must_be(peer, response, 200)
    content = session.parameters["content"]
    if content and method == b"GET":
        must_match(peer, response.content, content, "the content")
    return response


def must_be(peer: Peer, response: Response, *allowed: int, asked: str = "the request") -> None:
    """Check that the status is one of these. Raises Violation."""
    if response.status in allowed:
        return
    expected, received = b"%d" % allowed[0], response.line[9:12]
    told = " or ".join(map(str, allowed))
    raise peer.violation(
        "wrong-status",
        f"{told} was awaited to {asked}, and the server answered {_shown(response.line)}",
        expected=expected,
        received=received,
        offset=_difference(expected, received),
        awaited="the status",
    )


def must_match(peer: Peer, received: bytes, expected: bytes, awaited: str) -> None:
    """Compare received bytes with the expected ones. Raises Violation."""
    if received == expected:
        return
    offset = _difference(expected, received)
    raise peer.violation(
        "wrong-bytes",
        f"wrong byte at {offset} of {awaited}",
        expected=expected,
        received=received,
        offset=offset,
        awaited=awaited,
    )


def goes_on_or_ends(session: Session, peer: Peer, response: Response, why: str) -> None:
    """Check that the connection ends if the response says so, and else serves another request."""
    if response.closes:
        must_end(peer, why)
    else:
        session.serve(peer)


def must_end(peer: Peer, why: str) -> None:
    """Check that the server ends the connection (FIN or RST) without data. Raises Violation."""
    if not peer.pending and not peer.ended:
        peer.poll(peer.deadline)
    if peer.pending:
        came = bytes(peer.pending)
        raise peer.violation(
            "goes-on",
            f"the server goes on with {_shown(came.splitlines()[0])} "
            f"where the end of the connection was awaited, {why}",
            received=came,
        )
    if not peer.ended:
        peer.expect_eof(f"the end of the connection, {why},")


def must_close(session: Session, peer: Peer, why: str) -> None:
    """Check that the server ends the connection. Another request is sent, to save time."""
    if not peer.has_ended():
        try:
            peer.send(page(session))
        except Violation:
            if not peer.ended:
                raise
    must_end(peer, why)


def goes_on(response: Response) -> None:
    """Raise NotJudged if the server ends the connection after this response."""
    if response.closes:
        raise NotJudged("the server ends the connection after this answer, and says so")


def _read_head(peer: Peer, head: bytes) -> Response:
    line, *rest = head[:-4].split(b"\r\n")
    if not _STATUS_LINE.fullmatch(line):
        raise _malformed(peer, "status-line", "is not a status line (section 4)", line)
    fields = []
    for one in rest:
        found = _FIELD.fullmatch(one)
        if not found:
            raise _malformed(peer, "field-line", "is not a field line (section 5)", one)
        fields.append((found.group(1).lower(), found.group(2)))
    return Response(line, tuple(fields), b"")


def _read_content(peer: Peer, response: Response, method: bytes) -> bytes:
    """Read the content, by the rules of section 6.3."""
    if method == b"HEAD" or response.status in (204, 304):
        return b""
    coding, length = response.field(b"transfer-encoding"), response.field(b"content-length")
    if coding is not None:
        if length is not None:
            both = "stands beside Transfer-Encoding (6.2: MUST NOT)"
            raise _malformed(peer, "two-lengths", both, b"Content-Length: " + length)
        if coding.lower() == b"chunked":
            return _read_chunks(peer)
    elif length is not None:
        if not re.fullmatch(rb"[0-9]{1,15}", length):
            raise _malformed(peer, "length", "is not a length (6.2)", length)
        return peer.read_exactly(int(length), "the content")
    return peer.read_to_end("the end of the content, which has no length of its own,")


def _read_chunks(peer: Peer) -> bytes:
    content = bytearray()
    while True:
        line = peer.read_until(b"\r\n", "the size of a chunk", MOST_HEADER)[:-2]
        found = _CHUNK.fullmatch(line)
        if not found:
            raise _malformed(peer, "chunk", "is not the size of a chunk (7.1)", line)
        size = int(found.group(1), 16)
        if size == 0:
            while peer.read_until(b"\r\n", "the trailer section", MOST_HEADER) != b"\r\n":
                pass
            return bytes(content)
        content += peer.read_exactly(size, "a chunk")
        peer.expect(b"\r\n", "the end of a chunk")


def _malformed(peer: Peer, kind: str, sentence: str, what: bytes) -> Violation:
    return peer.violation(f"bad-{kind}", f"{_shown(what)} {sentence}")


def _shown(data: bytes) -> str:
    return repr(data[:100].decode("latin-1"))


def _difference(expected: bytes, received: bytes) -> int:
    pairs = zip(expected, received)
    same = next((at for at, (one, other) in enumerate(pairs) if one != other), None)
    return min(len(expected), len(received)) if same is None else same
