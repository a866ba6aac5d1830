"""The opening handshake of both sides, and errors in it."""

from __future__ import annotations

import pytest

from pync.layers.handshake import HandshakeError, HandshakeSteps

pytest.importorskip("wsproto", reason="wsproto is not installed")

from wsproto.utilities import generate_accept_token

from pync.layers.websocket_handshake import MOST_LINES, Agreed, Offer, Wish, answer, ask

from .dialogue import Server

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="

REQUEST = {
    b"Host": b"host:8080",
    b"Upgrade": b"websocket",
    b"Connection": b"keep-alive, Upgrade",
    b"Sec-WebSocket-Key": KEY,
    b"Sec-WebSocket-Version": b"13",
}


class Answering(Server):
    """A server that answers with the token for the client's key."""

    def __init__(self, says: bytes) -> None:
        super().__init__(b"")
        self._answer = says

    def send(self, data: memoryview) -> int:
        sent = super().send(data)
        lines = dict(line.split(b": ", 1) for line in self.heard.split(b"\r\n")[1:] if line)
        token = generate_accept_token(lines[b"Sec-WebSocket-Key"])
        self.says = self._answer.replace(b"TOKEN", token)
        return sent


ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"
    b"Sec-WebSocket-Accept: TOKEN\r\n"
)


def run_client(wish: Wish, says: bytes) -> tuple[Agreed, Server]:
    """Run a client's handshake with a server that sends this. Raises HandshakeError."""
    server = Answering(says)
    steps = HandshakeSteps(ask(wish))
    while not steps.is_over:
        steps.step(server)
    return steps.result, server


def test_handshake_of_a_client() -> None:
    wish = Wish("host", "/x?y", "me:sécret", ((b"Cookie", b"a=b"),), ("chat", "more"), True)
    more = (
        b"Sec-WebSocket-Protocol: chat\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n\x81\x02hi"
    )
    agreed, server = run_client(wish, ACCEPTED + more)
    assert (agreed.target, agreed.subprotocol, agreed.deflate) == ("/x?y", "chat", True)
    assert server.says == b"\x81\x02hi"  # the handshake leaves the frames to the codec
    assert server.heard.startswith(b"GET /x?y HTTP/1.1\r\nHost: host\r\n")
    for line in (
        b"Authorization: Basic bWU6c8OpY3JldA==",
        b"Cookie: a=b",
        b"Sec-WebSocket-Protocol: chat, more",
        b"Sec-WebSocket-Version: 13",
    ):
        assert line in server.heard.split(b"\r\n")
    assert b"Sec-WebSocket-Extensions: permessage-deflate" in server.heard


WRONG = "the server's handshake is wrong: "


@pytest.mark.parametrize(
    ("says", "cause"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "the server answered 200 OK: no WebSocket at this address"),
        (b"HTTP/1.0 404 Not Found\r\n\r\n", "the server answered 404 Not Found"),
        (
            b"HTTP/1.1 301 Moved\r\nLocation: ws://there/\r\n\r\n",
            "the server answered 301 Moved, and sends to ws://there/: redirects are not followed",
        ),
        (
            b"HTTP/1.1 401 Unauthorized\r\n\r\n",
            "the server answered 401 Unauthorized: it wants to know who we are "
            "(ws://USER:PASSWORD@HOST)",
        ),
        (
            b"HTTP/1.1 426 Upgrade Required\r\n\r\n",
            "the server answered 426 Upgrade Required: no WebSocket at this address",
        ),
        (b"HTTP/1.1 500 \x1b[2J\r\n\r\n", "the server answered 500 ?[2J"),
        (
            ACCEPTED.replace(b"TOKEN", b"wrong") + b"\r\n",
            f"{WRONG}Sec-WebSocket-Accept is not the answer to our key",
        ),
        (
            ACCEPTED.replace(b"Accept: TOKEN", b"Other: x") + b"\r\n",
            f"{WRONG}Sec-WebSocket-Accept is not the answer to our key",
        ),
        (
            ACCEPTED.replace(b"Upgrade: WebSocket", b"Upgrade: h2c") + b"\r\n",
            f"{WRONG}missing header, 'Upgrade: websocket'",
        ),
        (
            ACCEPTED.replace(b"Connection: upgrade", b"Connection: close") + b"\r\n",
            f"{WRONG}missing header, 'Connection: Upgrade'",
        ),
        (
            ACCEPTED + b"Sec-WebSocket-Protocol: other\r\n\r\n",
            f"{WRONG}unrecognized subprotocol other",
        ),
        (
            ACCEPTED + b"Sec-WebSocket-Protocol: \xff\r\n\r\n",
            f"{WRONG}a header has characters that it may not have",
        ),
        (
            ACCEPTED + b"Sec-WebSocket-Extensions: x-other\r\n\r\n",
            f"{WRONG}unrecognized extension x-other",
        ),
        (b"HTTP/1.1 1 x\r\n\r\n", f"{WRONG}it is not HTTP"),
        (b"HTTP/1.1 101 x\r\nno colon\r\n\r\n", f"{WRONG}it is not HTTP"),
        (b"SSH-2.0-x\r\n", "the server does not speak HTTP: it answered 'SSH-2.0-x'"),
        (b"\x15\x03\x01\x00\x02\x02F", "the server speaks TLS here (wss://)"),
        (b"HTTP/1.1 101 x\r\nUpgr", "the connection ended in the handshake"),
        (b"", "the connection ended in the handshake"),
        (
            b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * MOST_LINES,
            "the head of the handshake does not end",
        ),
        (b"HTTP/1.1 200 OK\r\na: " + b"b" * 20_000, "the peer sent too long a line"),
    ],
)
def test_errors_of_a_client(says: bytes, cause: str) -> None:
    with pytest.raises(HandshakeError) as caught:
        run_client(Wish("host"), says)
    assert str(caught.value) == cause


def run_listener(offer: Offer, head: bytes) -> tuple[Agreed | str, bytes]:
    """Return the result of a listener's handshake, or its error, and the listener's answer."""
    client = Server(head)
    steps = HandshakeSteps(answer(offer))
    try:
        while not steps.is_over:
            steps.step(client)
    except HandshakeError as error:
        return str(error), client.heard
    return steps.result, client.heard


def request(target: bytes = b"/", **changed: bytes) -> bytes:
    """Return a request with changed headers; a header changed to ``b""`` is left out."""
    headers = {**REQUEST, **{name.replace("_", "-").encode(): v for name, v in changed.items()}}
    lines = [b"GET %s HTTP/1.1" % target, *(b"%s: %s" % one for one in headers.items() if one[1])]
    return b"\r\n".join([*lines, b"", b""])


def test_handshake_of_a_listener() -> None:
    offer = Offer("/x", subprotocols=("b", "a"), headers=((b"Set-Cookie", b"c"),))
    extension = b"permessage-deflate; client_max_window_bits"
    head = request(
        b"/x?y",
        Sec_WebSocket_Protocol=b"a, b",
        Sec_WebSocket_Extensions=extension,
    )
    agreed, said = run_listener(offer, head)
    assert isinstance(agreed, Agreed)
    assert (agreed.target, agreed.subprotocol, agreed.deflate) == ("/x?y", "b", True)
    lines = said.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 101 Switching Protocols"
    for line in (
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        b"Sec-WebSocket-Protocol: b",
        b"Set-Cookie: c",
    ):
        assert line in lines


@pytest.mark.parametrize(
    ("offer", "head"),
    [
        (Offer(), request(b"/any")),
        (Offer(), request(Origin=b"http://HOST:8080")),
        (Offer(origins=("*",)), request(Origin=b"null")),
        (Offer(origins=("http://a", "https://b")), request(Origin=b"https://B")),
        (Offer(login="u:p"), request(Authorization=b"Basic dTpw")),
        (Offer(subprotocols=("a",)), request(Sec_WebSocket_Protocol=b"other")),
    ],
)
def test_accepted_clients(offer: Offer, head: bytes) -> None:
    agreed, said = run_listener(offer, head)
    assert isinstance(agreed, Agreed)
    assert said.startswith(b"HTTP/1.1 101 ")


CLIENT_WRONG = "the client's handshake is wrong: "


@pytest.mark.parametrize(
    ("offer", "head", "status", "cause"),
    [
        (Offer("/x"), request(b"/y"), 404, "the client asked for '/y'"),
        (
            Offer(),
            request(Origin=b"http://other"),
            403,
            "the client is a page of http://other (--origin=http://other lets it in)",
        ),
        (
            Offer(origins=("http://a",)),
            request(Origin=b"http://host:8080"),
            403,
            "the client is a page of http://host:8080 (--origin=http://host:8080 lets it in)",
        ),
        (Offer(login="u:p"), request(), 401, "the client's user and password are missing"),
        (
            Offer(login="u:p"),
            request(Authorization=b"Basic eDp5"),
            401,
            "the client's user and password are wrong",
        ),
        (Offer(), request(Upgrade=b""), 426, f"{CLIENT_WRONG}missing header, 'Upgrade: websocket'"),
        (
            Offer(),
            request(Connection=b"close"),
            400,
            f"{CLIENT_WRONG}missing header, 'Connection: Upgrade'",
        ),
        (Offer(), request(Host=b""), 400, f"{CLIENT_WRONG}it is not HTTP"),
        (
            Offer(),
            request(Sec_WebSocket_Version=b"8"),
            426,
            f"{CLIENT_WRONG}missing header, 'Sec-WebSocket-Version'",
        ),
        (
            Offer(),
            request(Sec_WebSocket_Key=b""),
            400,
            f"{CLIENT_WRONG}missing header, 'Sec-WebSocket-Key'",
        ),
        (Offer(), request(Sec_WebSocket_Key=b"short"), 400, f"{CLIENT_WRONG}Sec-WebSocket-Key"),
        (
            Offer(),
            request(Sec_WebSocket_Extensions=b"permessage-deflate; server_max_window_bits=x"),
            400,
            f"{CLIENT_WRONG}Sec-WebSocket-Extensions",
        ),
        (
            Offer(),
            request(Sec_WebSocket_Protocol=b"\xff"),
            400,
            f"{CLIENT_WRONG}a header has characters that it may not have",
        ),
        (
            Offer(),
            request().replace(b"GET", b"POST"),
            400,
            f"{CLIENT_WRONG}request method must be GET",
        ),
    ],
)
def test_rejected_clients(offer: Offer, head: bytes, status: int, cause: str) -> None:
    why, said = run_listener(offer, head)
    assert why == cause
    assert said.startswith(b"HTTP/1.1 %d " % status)
    assert said.endswith(b": this is a WebSocket\n")


@pytest.mark.parametrize(
    ("head", "cause"),
    [
        (b"\x16\x03\x01", "the client begins TLS (wss://)"),
        (b"hello\n", "the client does not speak HTTP: it sent 'hello'"),
        (b"GET / HTTP/1.1\r\nHost", "the connection ended in the handshake"),
    ],
)
def test_clients_of_other_protocols(head: bytes, cause: str) -> None:
    assert run_listener(Offer(), head) == (cause, b"")
