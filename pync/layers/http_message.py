"""Functions of an HTTP proxy about one message: its destination, its framing, and which headers
are passed on (RFC 9110, RFC 9112). Pure.
"""

from __future__ import annotations

import re

import h11

from ..core.address import without_zone
from ..core.typed import NamedTuple
from .http_auth import Judge

#: The head of a message.
Head = h11.Request | h11.Response | h11.InformationalResponse
Headers = list["tuple[bytes, bytes]"]

#: Headers for the next hop only (RFC 9110 7.6.1), or made by the proxy itself.
_OURS = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)

#: Methods for which Max-Forwards limits how far a request goes (RFC 9110 7.6.2).
_COUNTED = (b"OPTIONS", b"TRACE")

#: The methods that the proxy supports.
ALLOW = (b"Allow", b"CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")

#: The statuses of the answers that the proxy makes itself.
REASONS = {
    200: b"OK",
    400: b"Bad Request",
    403: b"Forbidden",
    405: b"Method Not Allowed",
    407: b"Proxy Authentication Required",
    408: b"Request Timeout",
    414: b"URI Too Long",
    431: b"Request Header Fields Too Large",
    501: b"Not Implemented",
    502: b"Bad Gateway",
    504: b"Gateway Timeout",
    505: b"HTTP Version Not Supported",
}

#: The limit of bytes in a target (RFC 9112 3 requires at least 8,000 in a request line).
LONGEST_TARGET = 8000

_AUTHORITY = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\x00-\x20\x7f]+)(?::(\d{0,5}))?")
_ABSOLUTE = re.compile(rb"(?i:http)://([^/?#]*)([^#]*)")


class Destination(NamedTuple):
    """The host and port that a client wants to reach."""

    host: str
    port: int


class Refused(Exception):
    """A request that the proxy answers itself.

    Arguments:
        status: the status of the answer.
        why: its text.
        headers: additional headers.
        later: whether the answer is delayed, because the password was wrong.
    """

    def __init__(
        self, status: int, why: str, *headers: tuple[bytes, bytes], later: bool = False
    ) -> None:
        super().__init__(why)
        self.status = status
        self.headers = headers
        self.later = later


def answer(refusal: Refused, headers: Headers) -> tuple[h11.Response, bytes]:
    """Return the response to a request that the proxy answers itself, and its body."""
    body = f"{refusal}\n".encode("utf-8", "backslashreplace")
    said = [
        *headers,
        *refusal.headers,
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Content-Length", b"%d" % len(body)),
    ]
    status = refusal.status
    return h11.Response(status_code=status, headers=said, reason=REASONS[status]), body


def check_framing(request: h11.Request) -> None:
    """Refuse a request whose end two parsers could see differently (RFC 9112 6.1, 6.3)."""
    coded, sized = (values(request, name) for name in (b"transfer-encoding", b"content-length"))
    if coded and sized:
        raise Refused(400, "both Transfer-Encoding and Content-Length")
    if coded and request.http_version == b"1.0":
        raise Refused(400, "HTTP/1.0 knows no Transfer-Encoding")
    if request.method == b"CONNECT" and has_body(request):
        raise Refused(400, "CONNECT has no content")


def has_body(request: h11.Request) -> bool:
    """Return whether a body follows the head."""
    sizes = values(request, b"content-length")
    return bool(values(request, b"transfer-encoding")) or any(int(size) for size in sizes)


def where_to(request: h11.Request) -> tuple[Destination, bytes]:
    """Return the destination of a request, and its target there. Raises Refused."""
    if len(request.target) > LONGEST_TARGET:
        raise Refused(414, "the target is too long")
    if request.method == b"CONNECT":
        return _authority(request.target, None), b""
    found = _ABSOLUTE.fullmatch(request.target)
    if found is None:
        raise Refused(400, "this is a proxy: ask for http://HOST/..., or CONNECT")
    authority, path = found.groups()
    if not path and request.method == b"OPTIONS":
        path = b"*"  # RFC 9112 3.2.4
    elif not path.startswith(b"/"):
        path = b"/" + path
    return _authority(authority, 80), path


def _authority(word: bytes, default: int | None) -> Destination:
    # A URL with user information is refused: it must not be passed on (RFC 9110 4.2.4).
    found = _AUTHORITY.fullmatch(word)
    port = int(found.group(2)) if found and found.group(2) else default
    if found is None or port is None or port > 65535:
        raise Refused(400, f"{text(word)!r} is not HOST:PORT")
    return Destination(text(found.group(1)).strip("[]"), port)


def hops_left(request: h11.Request) -> int | None:
    """Return the value of Max-Forwards (RFC 9110 7.6.2); None: no limit."""
    found = values(request, b"max-forwards")[:1]
    counted = request.method in _COUNTED and found and re.fullmatch(rb"\d{1,9}", found[0])
    return int(found[0]) if counted else None


def check_hops(request: h11.Request, name: bytes) -> None:
    """Answer a request that must not be forwarded any further. Raises Refused.

    Arguments:
        name: this proxy's name in Via.
    """
    passed = b",".join(values(request, b"via")).split(b",")
    if any(name in one.split()[1:2] for one in passed):
        # RFC 9110 7.6.3: this proxy has forwarded it before.
        raise Refused(403, "the request goes round in a circle")
    if hops_left(request) == 0:
        status = 200 if request.method == b"OPTIONS" else 405
        raise Refused(status, "this is a proxy", ALLOW)


def check_guard(request: h11.Request, guard: Judge | None) -> None:
    """Check a client's login. Raises Refused."""
    if guard is None:
        return
    answers = [text(value) for value in values(request, b"proxy-authorization")]
    verdict = guard.judge(text(request.method), text(request.target), answers)
    if verdict != "admitted":
        raise Refused(
            407,
            "the user or the password is wrong" if answers else "who are you?",
            *(
                (b"Proxy-Authenticate", one.encode())
                for one in guard.challenges(stale=verdict == "stale")
            ),
            later=bool(answers) and verdict == "refused",
        )


def for_origin(request: h11.Request, wanted: Destination, name: bytes) -> Headers:
    """Return the headers of a forwarded request.

    Arguments:
        wanted: its destination; the client's own Host is ignored (RFC 9112 3.2.2).
        name: this proxy's name in Via.
    """
    kept = [one for one in end_to_end(request) if one[0].lower() != b"host"]
    left = hops_left(request)
    if left is not None:
        kept = [one for one in kept if one[0].lower() != b"max-forwards"]
        kept.append((b"Max-Forwards", b"%d" % (left - 1)))
    if values(request, b"transfer-encoding"):
        kept.append((b"Transfer-Encoding", b"chunked"))
    host = without_zone(wanted.host)
    host = f"[{host}]" if ":" in host else host
    named = host if wanted.port == 80 else f"{host}:{wanted.port}"
    via = (b"Via", request.http_version + b" " + name)
    return [(b"Host", named.encode()), *kept, via, (b"Connection", b"close")]


def for_client(response: h11.Response | h11.InformationalResponse, name: bytes) -> Headers:
    """Return the headers of a forwarded response."""
    kept = end_to_end(response)
    if values(response, b"transfer-encoding") or response.status_code == 204:
        # With chunks, Content-Length does not apply (RFC 9112 6.3).
        kept = [one for one in kept if one[0].lower() != b"content-length"]
    return [*kept, (b"Via", response.http_version + b" " + name)]


def end_to_end(head: Head) -> Headers:
    """Return the headers that are for the other end (RFC 9110 7.6.1)."""
    words = b",".join(values(head, b"connection")).split(b",")
    named = {word.strip().lower() for word in words}
    # Connection must not remove headers that frame the message.
    dropped = _OURS | (named - {b"content-length", b"host"})
    return [one for one in head.headers.raw_items() if one[0].lower() not in dropped]


def values(head: Head, name: bytes) -> list[bytes]:
    """Return the values of a header, named in lower case."""
    return [value for key, value in head.headers if key == name]


def text(data: bytes) -> str:
    """Return received bytes as text, for checks and messages."""
    return data.decode("utf-8", "backslashreplace")
