"""The opening handshake of a WebSocket (RFC 6455 4), both sides, as steps of handshake.py.

It does not read beyond the empty line: the frames after it are for the codec. ``wsproto`` checks
the other side's message; this module decides which clients a listener accepts (path, origin,
login).
"""

from __future__ import annotations

from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from hmac import compare_digest

from wsproto.connection import Connection, ConnectionType
from wsproto.events import AcceptConnection, RejectConnection, Request
from wsproto.extensions import PerMessageDeflate
from wsproto.handshake import H11Handshake
from wsproto.utilities import RemoteProtocolError

from ..core.address import WEBSOCKETS, Address, without_zone
from ..core.typed import NamedTuple
from .handshake import Exactly, Handshake, HandshakeError, Line, Send

#: The longest line of a head (bytes), and the most lines: cookies can be long.
LINE_LIMIT, MOST_LINES = 16 * 1024, 128

#: The first byte of TLS: of a client's handshake record, of a server's alert (RFC 8446 5.1).
_TLS = (b"\x16", b"\x15")

Headers = tuple["tuple[bytes, bytes]", ...]


class Wish(NamedTuple):
    """The request of a client.

    ``host``: the value of Host. ``target``: path and query. ``login``: USER:PASSWORD. ``headers``:
    additional ones. ``deflate``: offer permessage-deflate (RFC 7692).
    """

    host: str
    target: str = "/"
    login: str = ""
    headers: Headers = ()
    subprotocols: tuple[str, ...] = ()
    deflate: bool = False


class Offer(NamedTuple):
    """The clients that a listener accepts, and its answer.

    ``path``: the only one that clients may request; empty: any. ``login``: USER:PASSWORD that
    clients need. ``origins``: those of web pages that may connect; ``*``: any; empty: the origin
    must be the requested host. ``headers``: additional ones of the answer. ``subprotocols``: the
    first that the client also offers is chosen.
    """

    path: str = ""
    login: str = ""
    origins: tuple[str, ...] = ()
    headers: Headers = ()
    subprotocols: tuple[str, ...] = ()


class Agreed(NamedTuple):
    """The result of the handshake. ``target``: the client's path and query."""

    connection: Connection
    target: str
    subprotocol: str = ""
    deflate: bool = False


def ask(wish: Wish) -> Handshake[Agreed]:
    """Run a client's side of the handshake. Raises HandshakeError."""
    shaking = H11Handshake(ConnectionType.CLIENT)
    headers = list(wish.headers)
    if wish.login:
        credentials = b64encode(wish.login.encode())
        headers.append((b"Authorization", b"Basic " + credentials))
    request = Request(
        host=wish.host,
        target=wish.target,
        subprotocols=list(wish.subprotocols),
        extensions=[PerMessageDeflate()] if wish.deflate else [],
        extra_headers=headers,
    )
    yield Send(shaking.send(request))
    head = yield from _head(
        "the server speaks TLS here (wss://)", "the server does not speak HTTP: it answered"
    )
    try:
        shaking.receive_data(head)
        events = list(shaking.events())
    except (RemoteProtocolError, ValueError) as error:
        raise HandshakeError(f"the server's handshake is wrong: {_worded(error)}") from None
    for event in events:
        if isinstance(event, RejectConnection):
            raise HandshakeError(_refused(event, head))
        if isinstance(event, AcceptConnection) and shaking.connection is not None:
            deflate = any(one.enabled() for one in event.extensions)
            return Agreed(shaking.connection, wish.target, event.subprotocol or "", deflate)
    raise HandshakeError("the server's handshake is wrong: no answer")


def answer(offer: Offer) -> Handshake[Agreed]:
    """Run a listener's side of the handshake. Raises HandshakeError, after answering the client."""
    head = yield from _head(
        "the client begins TLS (wss://)", "the client does not speak HTTP: it sent"
    )
    shaking = H11Handshake(ConnectionType.SERVER)
    try:
        shaking.receive_data(head)
        request = next((one for one in shaking.events() if isinstance(one, Request)), None)
    except (RemoteProtocolError, ValueError) as error:
        yield Send(_refusal(*_answer_to(error, head)))
        raise HandshakeError(f"the client's handshake is wrong: {_worded(error)}") from None
    if request is None:
        yield Send(_refusal("400 Bad Request"))
        raise HandshakeError("the client's handshake is wrong: no request")
    said = {bytes(name).lower(): bytes(value) for name, value in request.extra_headers}
    refused = _judge(offer, request, said)
    if refused is not None:
        why, *words = refused
        yield Send(_refusal(*words))
        raise HandshakeError(why)
    subprotocol = next((one for one in offer.subprotocols if one in request.subprotocols), None)
    deflate = PerMessageDeflate()
    accepted = AcceptConnection(
        subprotocol=subprotocol, extensions=[deflate], extra_headers=list(offer.headers)
    )
    try:
        yield Send(shaking.send(accepted))
    except ValueError:
        # The extension's parameters are invalid.
        yield Send(_refusal("400 Bad Request"))
        raise HandshakeError("the client's handshake is wrong: Sec-WebSocket-Extensions") from None
    assert shaking.connection is not None
    return Agreed(shaking.connection, request.target, subprotocol or "", deflate.enabled())


def host_of(address: Address) -> str:
    """Return the value of Host: the scheme's own port is left out (RFC 9110 7.2)."""
    host = without_zone(address.host)
    host = f"[{host}]" if ":" in host else host
    if address.service == WEBSOCKETS[address.scheme]:
        return host
    return f"{host}:{address.service}"


def _head(tls: str, no_http: str) -> Handshake[bytes]:
    """Receive the lines up to the empty one, including it."""
    first = yield Exactly(1)
    if first in _TLS:
        raise HandshakeError(tls)
    lines = [first + (yield Line(LINE_LIMIT))]
    if b"HTTP/" not in lines[0]:
        raise HandshakeError(f"{no_http} {_quoted(lines[0])}")
    while len(lines) < MOST_LINES:
        line = yield Line(LINE_LIMIT)
        lines.append(line)
        if line in (b"\r\n", b"\n"):
            return b"".join(lines)
    raise HandshakeError("the head of the handshake does not end")


def _refused(event: RejectConnection, head: bytes) -> str:
    """Return the cause for a server's answer other than 101."""
    status, headers = (
        event.status_code,
        {bytes(name): bytes(value) for name, value in event.headers},
    )
    line = _text(head.split(b"\n", 1)[0].partition(b" ")[2])
    if 300 <= status < 400 and b"location" in headers:
        where = _text(headers[b"location"])
        return f"the server answered {line}, and sends to {where}: redirects are not followed"
    if status == 401:
        return f"the server answered {line}: it wants to know who we are (ws://USER:PASSWORD@HOST)"
    if status == 426 or 200 <= status < 300:
        return f"the server answered {line}: no WebSocket at this address"
    return f"the server answered {line}"


def _judge(
    offer: Offer, request: Request, said: dict[bytes, bytes]
) -> tuple[str, str, bytes] | tuple[str, str] | None:
    """Return why a client is refused, and the answer for it; None if it is accepted."""
    try:
        key = a2b_base64(said.get(b"sec-websocket-key", b""))
    except Base64Error:
        key = b""
    if len(key) != 16:
        return "the client's handshake is wrong: Sec-WebSocket-Key", "400 Bad Request"
    path = request.target.partition("?")[0]
    if offer.path and path != offer.path.partition("?")[0]:
        return f"the client asked for {_quoted(path.encode())}", "404 Not Found"
    origin = said.get(b"origin")
    if origin is not None and not _is_welcome(offer, _text(origin), request.host):
        shown = _text(origin)
        return (
            f"the client is a page of {shown} (--origin={shown} lets it in)",
            "403 Forbidden",
        )
    if offer.login:
        expected = b"Basic " + b64encode(offer.login.encode())
        if not compare_digest(said.get(b"authorization", b""), expected):
            why = "wrong" if b"authorization" in said else "missing"
            return (
                f"the client's user and password are {why}",
                "401 Unauthorized",
                b'WWW-Authenticate: Basic realm="pync", charset="UTF-8"\r\n',
            )
    return None


def _is_welcome(offer: Offer, origin: str, host: str) -> bool:
    """Return whether pages of this origin may connect (RFC 6455 10.2)."""
    if offer.origins:
        return "*" in offer.origins or origin.lower() in (one.lower() for one in offer.origins)
    return origin.lower().partition("://")[2] == host.lower()


def _answer_to(error: Exception, head: bytes) -> tuple[str, bytes] | tuple[str]:
    """Return the answer for a wrong request."""
    hint = getattr(error, "event_hint", None)
    status = getattr(hint, "status_code", 400)
    if status == 426:
        return "426 Upgrade Required", b"Sec-WebSocket-Version: 13\r\n"
    if head.startswith(b"GET ") and b"upgrade: websocket" not in head.lower():
        return "426 Upgrade Required", b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    return ("400 Bad Request",)


def _refusal(status: str, headers: bytes = b"") -> bytes:
    body = f"{status[4:]}: this is a WebSocket\n".encode()
    close = b"" if b"Connection:" in headers else b"Connection: close\r\n"
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n".encode()
        + headers
        + close
        + b"\r\n"
        + body
    )


#: Our words for wsproto's messages.
_WORDS = {
    "Bad HTTP message": "it is not HTTP",
    "Bad accept token": "Sec-WebSocket-Accept is not the answer to our key",
}


def _worded(error: Exception) -> str:
    if not isinstance(error, RemoteProtocolError):
        return "a header has characters that it may not have"
    text = str(error)
    return _WORDS.get(text, text[:1].lower() + text[1:])


def _text(data: bytes) -> str:
    """Return received bytes as text that is harmless to a terminal and not too long."""
    text = data.strip().decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else "?" for one in text)[:200]


def _quoted(line: bytes) -> str:
    return repr(_text(line)[:60])
