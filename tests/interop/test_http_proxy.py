"""pync's HTTP proxy and ncat's: the same requests to both, and the results compared.

The tests compare the essential parts of what the origin server and the client receive;
docs/differences.md lists the differences. Further tests use real clients, and many clients.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import pytest

from conformance.targets.ports import reserved_port

from ..peer import DEADLINE, Peer, Server, connected, listening
from ..programs import PYNC, Program, is_bound, listening_pync, needs, until

OURS = (*PYNC, "--as=ncat")
AUTH = ("--proxy-auth", "joe:secret")
BASIC = b"Proxy-Authorization: Basic am9lOnNlY3JldA==\r\n"

RESPONSE = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x-up, close\r\nX-Up: 1\r\n"
    b"Keep-Alive: 5\r\n\r\nhello"
)


@contextmanager
def proxy(command: tuple[str, ...], *options: str) -> Iterator[int]:
    """Start ncat's proxy, or pync's with the same options; ncat's listens on all addresses."""
    with reserved_port() as port:
        words = ("-l", "--proxy-type", "http", *options, "127.0.0.1", str(port))
        with Program(*command, *words) as program:
            until(lambda: is_bound(port), "the listener", program)
            yield port


class Heard(NamedTuple):
    """The response that the client got, and the request that the origin server got."""

    status: int
    body: bytes
    asked: bytes
    headers: frozenset[bytes]
    origin_body: bytes


#: Headers that only one of them sends: differences of docs/differences.md, and hop names.
_HOPS = (b"via:", b"host:", b"connection:", b"proxy-connection:")


def plain(head: bytes) -> tuple[bytes, frozenset[bytes]]:
    """Return the first line of a message without its version, and its end-to-end headers."""
    first, *lines = head.split(b"\r\n")
    line = re.sub(rb"HTTP/1\.[01] ?", b"", first).strip()
    return line, frozenset(one for one in lines if one and not one.lower().startswith(_HOPS))


def asked_of(port: int, origin: Server, request: bytes) -> Heard:
    """Send one request through a proxy; the origin server answers with RESPONSE."""
    with connected(port) as client:
        client.says(request.replace(b"ORIGIN", b"127.0.0.1:" + origin.port.encode()))
        done = threading.Event()
        asked: list[bytes] = []

        def serve() -> None:
            while not done.is_set():
                try:
                    peer = Peer(origin.sock.accept()[0])
                except TimeoutError:
                    continue
                with peer.sock:
                    asked.append(_request(peer))
                    peer.says(RESPONSE)
                return

        origin.sock.settimeout(0.05)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            said = client.hears_rest()
        finally:
            done.set()
            thread.join(DEADLINE)
    head, _, body = said.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d+)", head)
    status = int(found.group(1)) if found else 0
    got, _, origin_body = (asked or [b""])[0].partition(b"\r\n\r\n")
    line, headers = plain(got)
    return Heard(status, body if status == 200 else b"", line, headers, origin_body)


def _request(peer: Peer) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = peer.sock.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    size = re.search(rb"(?i)content-length: *(\d+)", head)
    while size and len(body) < int(size.group(1)):
        piece = peer.sock.recv(65536)
        assert piece, "the body is truncated"
        body += piece
        data += piece
    return data


#: Request -> the result of both proxies.
SAME: dict[str, tuple[bytes, int]] = {
    "GET": (b"GET http://ORIGIN/x?y=1 HTTP/1.0\r\n\r\n", 200),
    "GET of 1.1": (b"GET http://ORIGIN/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 200),
    "no path": (b"GET http://ORIGIN HTTP/1.0\r\n\r\n", 200),
    "headers go on": (b"GET http://ORIGIN/ HTTP/1.0\r\nX-A: 1\r\nUser-Agent: u\r\n\r\n", 200),
    "those of a hop do not": (
        b"GET http://ORIGIN/ HTTP/1.0\r\nConnection: x-b, close\r\nX-B: 1\r\nKeep-Alive: 5\r\n"
        b"TE: trailers\r\nX-A: 1\r\n\r\n",
        200,
    ),
    "the client's host is ignored": (b"GET http://ORIGIN/ HTTP/1.0\r\nHost: other\r\n\r\n", 200),
    "POST": (b"POST http://ORIGIN/ HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", 200),
    "POST of nothing": (b"POST http://ORIGIN/ HTTP/1.0\r\nContent-Length: 0\r\n\r\n", 200),
    "POST of much": (
        b"POST http://ORIGIN/ HTTP/1.0\r\nContent-Length: 300000\r\n\r\n" + b"z" * 300000,
        200,
    ),
    "a scheme in capitals": (b"GET HTTP://ORIGIN/ HTTP/1.0\r\n\r\n", 200),
    "CONNECT": (b"CONNECT ORIGIN HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n", 200),
    "CONNECT without a port": (b"CONNECT 127.0.0.1 HTTP/1.0\r\n\r\n", 400),
    "no URL": (b"GET /x HTTP/1.0\r\n\r\n", 400),
    "https": (b"GET https://ORIGIN/ HTTP/1.0\r\n\r\n", 400),
    "ftp": (b"GET ftp://ORIGIN/ HTTP/1.0\r\n\r\n", 400),
    "no request": (b"garbage\r\n\r\n", 400),
    "a wrong version": (b"GET http://ORIGIN/ HTTQ/1.0\r\n\r\n", 400),
    "a header without a colon": (b"GET http://ORIGIN/ HTTP/1.0\r\nBad Header\r\n\r\n", 400),
}

#: More header lines than pync accepts, and slightly more bytes than ncat accepts (10,240): ncat
#: resets a connection from which it has not read everything.
LONG = (b"A: " + b"b" * 37 + b"\r\n") * 300

#: Request -> (the result of ncat, the result of pync): rows of docs/differences.md.
DIFFERENT: dict[str, tuple[bytes, int, int]] = {
    "no version": (b"GET http://ORIGIN/\r\n\r\n", 200, 400),
    "no host": (b"GET http:///x HTTP/1.0\r\n\r\n", 504, 400),
    "PUT": (b"PUT http://ORIGIN/ HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", 405, 200),
    "DELETE": (b"DELETE http://ORIGIN/ HTTP/1.0\r\n\r\n", 405, 200),
    "OPTIONS": (b"OPTIONS http://ORIGIN/ HTTP/1.0\r\n\r\n", 405, 200),
    "chunks": (
        b"POST http://ORIGIN/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        400,
        200,
    ),
    "POST without a length": (b"POST http://ORIGIN/ HTTP/1.0\r\n\r\n", 400, 200),
    "two lengths": (
        b"POST http://ORIGIN/ HTTP/1.0\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        200,
        400,
    ),
    "chunks and a length": (
        b"POST http://ORIGIN/ HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        200,
        400,
    ),
    "1.1 without a host": (b"GET http://ORIGIN/ HTTP/1.1\r\n\r\n", 200, 400),
    "version 2.0": (b"GET http://ORIGIN/ HTTP/2.0\r\nHost: h\r\n\r\n", 200, 505),
    "a long head": (b"GET http://ORIGIN/ HTTP/1.0\r\n" + LONG + b"\r\n", 413, 431),
    "a refused target": (b"CONNECT 127.0.0.1:1 HTTP/1.0\r\n\r\n", 504, 502),
    "a refused origin": (b"GET http://127.0.0.1:1/ HTTP/1.0\r\n\r\n", 504, 502),
}


@pytest.fixture(scope="module")
def theirs() -> Iterator[int]:
    with proxy((needs("ncat"),)) as port:
        yield port


@pytest.fixture(scope="module")
def ours() -> Iterator[int]:
    with proxy(OURS) as port:
        yield port


@pytest.mark.parametrize("what", SAME)
def test_both_have_the_same_result(ours: int, theirs: int, what: str) -> None:
    request, status = SAME[what]
    with listening() as origin:
        expected = asked_of(theirs, origin, request)
        got = asked_of(ours, origin, request)
    assert got == expected
    assert got.status == status


@pytest.mark.parametrize("what", DIFFERENT)
def test_differences(ours: int, theirs: int, what: str) -> None:
    request, their_status, our_status = DIFFERENT[what]
    with listening() as origin:
        assert asked_of(theirs, origin, request).status == their_status
        assert asked_of(ours, origin, request).status == our_status


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"", 407),
        (BASIC, 200),
        (BASIC.replace(b"Basic", b"bAsIc"), 200),
        (BASIC.replace(b"JldA==", b"JldQ=="), 407),
        (b"Proxy-Authorization: Basic\r\n", 407),
        (b"Proxy-Authorization: Foo bar\r\n", 407),
        (b"Authorization: Basic am9lOnNlY3JldA==\r\n", 407),
    ],
)
def test_logins_have_the_same_result(header: bytes, status: int) -> None:
    requests = (
        b"GET http://ORIGIN/ HTTP/1.0\r\n" + header + b"\r\n",
        b"CONNECT ORIGIN HTTP/1.0\r\n" + header + b"\r\nGET / HTTP/1.0\r\n\r\n",
    )
    for command in ((needs("ncat"),), OURS):
        with proxy(command, *AUTH) as port, listening() as origin:
            for request in requests:
                heard = asked_of(port, origin, request)
                assert heard.status == status
                assert not any(b"roxy-auth" in one for one in heard.headers)


def test_usage_errors_are_equal() -> None:
    said = []
    for command in ((needs("ncat"),), OURS):
        for options in (
            ("--proxy-type", "socks5"),
            ("--proxy-type", "HTTP"),
            ("--proxy", "127.0.0.1:1"),
            ("--proxy-type", "http", "-U"),
        ):
            with Program(*command, "-l", *options, "9") as program:
                said.append((program.ends(2), options))
    assert said[:4] == said[4:]


# Real clients.


@pytest.fixture(params=["open", "joe"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[int, tuple[str, ...]]]:
    auth = AUTH if request.param == "joe" else ()
    program, port = listening_pync("--proxy-type", "http", *auth)
    with program:
        yield port, auth


def _command(client: str) -> tuple[str, ...]:
    return (needs("ncat"),) if client == "ncat" else (*PYNC,)


@pytest.mark.parametrize("client", ["ncat", "pync"])
def test_data_both_ways_through_a_tunnel(served: tuple[int, tuple[str, ...]], client: str) -> None:
    port, auth = served
    words = (*_command(client), "--proxy-type", "http", "--proxy", f"127.0.0.1:{port}", *auth)
    with listening() as target, Program(*words, "127.0.0.1", target.port) as program:
        peer = target.accepts()
        peer.says(b"welcome\n")
        assert program.read(8) == b"welcome\n"
        program.write(b"question\n")
        peer.hears(b"question\n")
        program.end_input()
        peer.hears_end()
        peer.says(b"answer\n")
        peer.closes()
        assert program.rest() == b"answer\n"
        program.ends(0)


def test_nc_through_a_tunnel() -> None:
    nc = needs("nc")
    program, port = listening_pync("--proxy-type", "http")
    words = (nc, "-N", "-X", "connect", "-x", f"127.0.0.1:{port}", "127.0.0.1")
    with program, listening() as target, Program(*words, target.port) as theirs:
        peer = target.accepts()
        theirs.write(b"question\n")
        peer.hears(b"question\n")
        theirs.end_input()
        peer.hears_end()
        peer.says(b"answer\n")
        peer.closes()
        assert theirs.rest() == b"answer\n"
        theirs.ends(0)


@pytest.mark.parametrize("client", ["ncat", "pync"])
def test_wrong_password(client: str) -> None:
    command = _command(client)
    program, port = listening_pync("--proxy-type", "http", *AUTH)
    words = (*command, "--proxy-type", "http", "--proxy", f"127.0.0.1:{port}")
    with program:
        for wrong in (("--proxy-auth", "joe:wrong"), ()):
            with Program(*words, *wrong, "127.0.0.1", "9") as one:
                assert b"407" in one.ends(1)


@pytest.mark.parametrize("how", ["--proxy-basic", "--proxy-digest", "--proxy-anyauth"])
@pytest.mark.parametrize("tunnel", [(), ("--proxytunnel",)])
def test_curl_sends_its_login(how: str, tunnel: tuple[str, ...]) -> None:
    program, port = listening_pync("--proxy-type", "http", *AUTH)
    with program, listening() as origin:
        url = f"http://127.0.0.1:{origin.port}/x"
        words = ("-s", how, "-U", "joe:secret", "-x", f"127.0.0.1:{port}", *tunnel, url)
        with Program(needs("curl"), *words) as curl:
            peer = origin.accepts()
            assert b"roxy-auth" not in _request(peer)
            peer.says(RESPONSE)
            peer.closes()
            assert curl.read(5) == b"hello"
            curl.ends(0)
        with Program(needs("curl"), "-s", "-f", *words[:-1], "-U", "joe:no", url) as curl:
            curl.ends(22)


def test_curl_keeps_its_connection() -> None:
    program, port = listening_pync("--proxy-type", "http")
    with program, listening() as origin:
        url = f"http://127.0.0.1:{origin.port}/"
        words = ("-s", "-v", "-x", f"127.0.0.1:{port}", url, url, url)
        with Program(needs("curl"), *words) as curl:
            for _ in range(3):
                peer = origin.accepts()
                _request(peer)
                peer.says(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
                )
                peer.hears_end()
            assert curl.read(6) == b"hihihi"
            said = curl.ends(0)
    assert said.count(b"Re-using existing") == 2, said


@pytest.mark.parametrize("size", [0, 1, 3 << 20])
def test_curl_puts_and_gets(size: int) -> None:
    body = os.urandom(size)
    program, port = listening_pync("--proxy-type", "http")
    with program, listening() as origin:
        url = f"http://127.0.0.1:{origin.port}/"
        words = ("-s", "-x", f"127.0.0.1:{port}", "-H", "Expect:", "--data-binary", "@-", url)
        with Program(needs("curl"), *words) as curl:
            curl.write(body)
            curl.end_input()
            peer = origin.accepts()
            request = _request(peer)
            assert request.partition(b"\r\n\r\n")[2] == body
            peer.says(b"HTTP/1.0 200 OK\r\n\r\n" + body)
            peer.closes()
            assert curl.rest() == body
            curl.ends(0)


WITHOUT_H11 = """
import sys
sys.modules["h11"] = None
from pync.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("dialect", ["pync", "ncat"])
def test_missing_h11_is_reported(dialect: str, port: int) -> None:
    words = (f"--as={dialect}", "-l", "--proxy-type", "http", "127.0.0.1", str(port))
    with Program(PYNC[0], "-c", WITHOUT_H11, *words) as program:
        said = program.ends(2)
    assert b"an HTTP proxy needs h11: pip install h11" in said
    assert said.count(b"\n") == 1


# Large transfers, and many clients.


def _tunnel(port: int, target: str) -> Peer:
    client = Peer(socket.create_connection(("127.0.0.1", port), DEADLINE))
    client.says(f"CONNECT 127.0.0.1:{target} HTTP/1.0\r\n\r\n".encode())
    client.hears(b"HTTP/1.1 200 Connection established\r\n\r\n")
    return client


def test_three_megabytes_each_way_through_a_tunnel() -> None:
    there, back = os.urandom(3 << 20), os.urandom(3 << 20)
    program, port = listening_pync("--proxy-type", "http")
    with program, listening() as target:
        client = _tunnel(port, target.port)
        peer = target.accepts()
        with client.saying(there), peer.saying(back):
            heard = []
            thread = threading.Thread(target=lambda: heard.append(client.hears_rest()))
            thread.start()
            assert peer.hears_rest() == there
            thread.join(DEADLINE)
        client.closes()
        assert heard == [back]


def test_two_hundred_at_once() -> None:
    program, port = listening_pync("--proxy-type", "http")
    with program, listening() as target, ExitStack() as stack:
        target.sock.listen(256)
        clients = []
        for number in range(200):
            if number % 2:
                client = _tunnel(port, target.port)
                peer = target.accepts()
            else:
                client = Peer(socket.create_connection(("127.0.0.1", port), DEADLINE))
                url = f"http://127.0.0.1:{target.port}/{number}"
                client.says(f"GET {url} HTTP/1.0\r\n\r\n".encode())
                peer = target.accepts()
                assert _request(peer).startswith(f"GET /{number} ".encode())
            stack.callback(client.closes)
            clients.append((number, client, peer))
        for number, _, peer in clients:
            peer.says(b"HTTP/1.0 200 OK\r\n\r\nanswer %d" % number)
            peer.half_closes()
        for number, client, _ in clients:
            assert client.hears_rest().endswith(b"\r\n\r\nanswer %d" % number)


def test_slow_clients_and_garbage_do_not_delay_others() -> None:
    program, port = listening_pync("--proxy-type", "http")
    with program, listening() as origin, ExitStack() as stack:
        for word in (b"", b"G", b"GET http://h/ HTTP/1.1\r\n", b"CONNECT h:1 HTTP/1.1\r\nHost: h"):
            for _ in range(20):
                stack.enter_context(connected(port)).says(word)
        for _ in range(20):
            with connected(port) as wild:
                wild.says(b"\r\n" + os.urandom(500) + b"\r\n\r\n")
                try:
                    assert wild._read(12) == b"HTTP/1.1 400"
                finally:
                    wild.resets()
        with connected(port) as client:
            client.says(f"GET http://127.0.0.1:{origin.port}/ HTTP/1.0\r\n\r\n".encode())
            peer = origin.accepts()
            _request(peer)
            peer.says(RESPONSE)
            peer.closes()
            assert client.hears_rest().endswith(b"\r\n\r\nhello")


def test_with_tls() -> None:
    program, port = listening_pync("--proxy-type", "http", "--ssl")
    with program, listening() as origin:
        url = f"http://127.0.0.1:{origin.port}/"
        proxy_url = f"https://127.0.0.1:{port}"
        with Program(needs("curl"), "-s", "--proxy-insecure", "-x", proxy_url, url, url) as curl:
            for _ in range(2):
                peer = origin.accepts()
                _request(peer)
                peer.says(RESPONSE)
                peer.closes()
            assert curl.read(10) == b"hellohello"
            curl.ends(0)
