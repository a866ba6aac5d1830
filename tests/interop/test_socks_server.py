"""pync's SOCKS server with real clients: nc, ncat, curl, and many at once."""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..peer import DEADLINE, Peer, connected, listening
from ..programs import PYNC, Program, is_bound, listening_pync, needs, until

Words = Callable[[int], "tuple[str, ...]"]

#: The options of each client for a SOCKS server.
CLIENTS: dict[str, Words] = {
    "nc 4": lambda port: (needs("nc"), "-N", "-X", "4", "-x", f"127.0.0.1:{port}"),
    "nc 5": lambda port: (needs("nc"), "-N", "-X", "5", "-x", f"127.0.0.1:{port}"),
    "ncat 4": lambda port: (*_ncat(port), "--proxy-type", "socks4"),
    "ncat 5": lambda port: (*_ncat(port), "--proxy-type", "socks5"),
    "pync 4": lambda port: (*PYNC, "--proxy", f"socks4://127.0.0.1:{port}"),
    "pync 5": lambda port: (*PYNC, "--proxy", f"socks5://127.0.0.1:{port}"),
}

#: The same for curl, which names who looks up the host name.
CURLS = ("socks4", "socks4a", "socks5", "socks5h")


def _ncat(port: int) -> tuple[str, ...]:
    return (needs("ncat"), "--proxy", f"127.0.0.1:{port}")


@pytest.fixture(params=["socks"])
def served(request: pytest.FixtureRequest) -> Iterator[int]:
    program, port = listening_pync("--proxy-type", request.param)
    with program:
        yield port


@pytest.mark.parametrize("client", CLIENTS)
def test_data_both_ways(served: int, client: str) -> None:
    words = CLIENTS[client](served)
    with listening() as target, Program(*words, "127.0.0.1", target.port) as program:
        peer = target.accepts()
        peer.says(b"welcome\n")
        assert program.read(8) == b"welcome\n"
        program.write(b"question\n")
        peer.hears(b"question\n")
        program.end_input()
        peer.hears_end()
        # After the client's FIN the other direction continues.
        peer.says(b"answer\n")
        peer.closes()
        assert program.rest() == b"answer\n"
        program.ends(0)


@pytest.mark.parametrize("client", CLIENTS)
def test_target_refuses(served: int, client: str, port: int) -> None:
    with Program(*CLIENTS[client](served), "127.0.0.1", str(port)) as program:
        assert program.ends(1) != b""
        assert program.rest() == b""


@pytest.mark.parametrize("client", ["nc 5", "ncat 5", "pync 5", "pync 4"])
def test_name_is_looked_up_by_the_server(served: int, client: str) -> None:
    with listening() as target:
        with Program(*CLIENTS[client](served), "localhost", target.port) as program:
            target.accepts().says(b"found\n")
            assert program.read(6) == b"found\n"


@pytest.mark.parametrize("how", CURLS)
def test_curl(served: int, how: str) -> None:
    with listening() as target:
        url = f"http://localhost:{target.port}/"
        proxy = f"{how}://127.0.0.1:{served}"
        with Program(needs("curl"), "-s", "-4", "--proxy", proxy, url) as curl:
            peer = target.accepts()
            peer.says(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi\n")
            assert curl.read(3) == b"hi\n"
            curl.ends(0)


@pytest.mark.parametrize(
    ("user", "status"), [("joe:secret", 0), ("joe:wrong", 97), ("anna:secret", 97), ("", 97)]
)
def test_curl_needs_a_login(user: str, status: int) -> None:
    program, port = listening_pync("--proxy-type", "socks", "--proxy-auth", "joe:secret")
    with program, listening() as target:
        at = f"{user}@" if user else ""
        words = ("--proxy", f"socks5://{at}127.0.0.1:{port}", f"http://127.0.0.1:{target.port}/")
        with Program(needs("curl"), "-s", *words) as curl:
            if not status:
                target.accepts().says(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi\n")
            curl.ends(status)


def test_ncat_needs_a_login() -> None:
    program, port = listening_pync("--proxy-type", "socks", "--proxy-auth", "joe:secret")
    with program, listening() as target:
        words = (*CLIENTS["ncat 5"](port), "127.0.0.1", target.port)
        with Program(*words, "--proxy-auth", "joe:secret") as ncat:
            target.accepts().says(b"welcome\n")
            assert ncat.read(8) == b"welcome\n"
        for wrong in (("--proxy-auth", "joe:wrong"), ()):
            with Program(*words, *wrong) as ncat:
                ncat.ends(1)


@pytest.mark.parametrize(
    ("kind", "hello", "answer"),
    [
        ("socks4", b"\5\1\0", b""),
        ("socks5", b"\4\1\0\1\x7f\0\0\1\0", b""),
        ("socks", b"GET / HTTP/1.0\r\n\r\n", b""),
        ("socks", b"\5\1\0" + b"\5\2\0\1" + bytes(6), b"\5\0" + b"\5\7\0\1" + bytes(6)),
        ("socks", b"\5\1\0" + b"\5\3\0\1" + bytes(6), b"\5\0" + b"\5\7\0\1" + bytes(6)),
    ],
)
def test_refused_requests(kind: str, hello: bytes, answer: bytes) -> None:
    program, port = listening_pync("--proxy-type", kind)
    with program, connected(port) as client:
        client.says(hello)
        assert client.hears_rest() == answer


# Large transfers, and many clients.


def _through(port: int, target: str) -> Peer:
    client = Peer(socket.create_connection(("127.0.0.1", port), DEADLINE))
    client.says(b"\5\1\0" + b"\5\1\0\1\x7f\0\0\1" + int(target).to_bytes(2, "big"))
    client.hears(b"\5\0" + b"\5\0\0\1\x7f\0\0\1")
    client._read(2)
    return client


@pytest.mark.parametrize("options", [(), ("--rate", "200M"), ("--output", os.devnull)])
def test_three_megabytes_each_way_and_fin_on_both_sides(options: tuple[str, ...]) -> None:
    there, back = os.urandom(3 << 20), os.urandom(3 << 20)
    program, port = listening_pync("--proxy-type", "socks", *options)
    with program, listening() as target:
        client = _through(port, target.port)
        peer = target.accepts()
        with client.saying(there), peer.saying(back):
            heard = []
            thread = threading.Thread(target=lambda: heard.append(client.hears_rest()))
            thread.start()
            assert peer.hears_rest() == there
            thread.join(DEADLINE)
        client.closes()
        assert heard == [back]


def test_client_that_does_not_read_blocks_only_itself(served: int) -> None:
    with listening() as target:
        slow = _through(served, target.port)
        source = target.accepts()
        much = bytes(range(256)) * (1 << 18)  # more than all kernel buffers hold
        taken = source.offers(much)
        assert taken < len(much)
        for _ in range(3):
            other = _through(served, target.port)
            peer = target.accepts()
            peer.says(b"x" * 100_000)
            other.hears(b"x" * 100_000)
            other.closes()
        with source.saying(much[taken:]):
            assert hashlib.sha256(slow.hears_rest()).digest() == hashlib.sha256(much).digest()
        slow.closes()


def test_two_hundred_at_once(served: int) -> None:
    with listening() as target, ExitStack() as stack:
        target.sock.listen(256)
        clients = []
        for number in range(200):
            client = _through(served, target.port)
            stack.callback(client.closes)
            peer = target.accepts()
            clients.append((number, client, peer))
        for number, client, _ in clients:
            client.says(b"client %d\n" % number)
        for number, _, peer in clients:
            peer.hears(b"client %d\n" % number)
            peer.says(b"target %d\n" % number)
        for number, client, _ in clients:
            client.hears(b"target %d\n" % number)
        for _, client, peer in reversed(clients):
            client.half_closes()
            peer.hears_end()
            peer.closes()
            client.hears_end()


def test_silent_clients_and_garbage_do_not_delay_others(served: int) -> None:
    with listening() as target, ExitStack() as stack:
        for word in (b"", b"\5", b"\5\1", b"\5\1\0", b"\4\1\0\1\x7f\0\0\1" + b"u" * 200):
            for _ in range(20):
                slow = stack.enter_context(connected(served))
                slow.says(word)
        for _ in range(20):
            with connected(served) as wild:
                wild.says(os.urandom(2000))
                wild.half_closes()
                select.select([wild.sock], [], [], DEADLINE)
        client = _through(served, target.port)
        stack.callback(client.closes)
        target.accepts().says(b"welcome\n")
        client.hears(b"welcome\n")


@pytest.mark.parametrize("command", [("ncat",), (*PYNC, "--as=ncat")], ids=["theirs", "ours"])
def test_through_an_http_proxy_that_requires_a_login(command: tuple[str, ...], port: int) -> None:
    """A client that supports only SOCKS gets through a proxy that supports only HTTP."""
    needs("ncat")
    words = ("-l", "--proxy-type", "http", "--proxy-auth", "joe:secret", "127.0.0.1", str(port))
    with Program(*command, *words) as further:
        until(lambda: is_bound(port), "the listener", further)
        for secret in ("secret", "wrong"):
            onward = ("--proxy", f"http://joe:{secret}@127.0.0.1:{port}")
            program, ours = listening_pync("--proxy-type", "socks", *onward)
            with program, listening() as target:
                if secret == "wrong":
                    with connected(ours) as client:
                        client.says(b"\5\1\0" + b"\5\1\0\1\x7f\0\0\1\0\x50")
                        client.hears(b"\5\0" + b"\5\1\0\1" + bytes(6))
                    program.hears(rb"returned status code 407")
                    continue
                client = _through(ours, target.port)
                peer = target.accepts()
                client.says(b"question\n")
                peer.hears(b"question\n")
                peer.says(b"answer\n")
                client.hears(b"answer\n")
                # (ncat would not relay the FIN of one side.)
                client.closes()
                peer.hears_end()


def test_limit_of_clients() -> None:
    program, port = listening_pync("--proxy-type", "socks", "--max-conns", "2")
    with program, listening() as target:
        first, second = _through(port, target.port), _through(port, target.port)
        with connected(port) as third:
            third.hears_end()
        program.hears(rb"denied: connection limit reached \(2\)")
        first.resets()
        program.hears(rb"dropped: ")
        fourth = _through(port, target.port)
        for client in (second, fourth):
            client.closes()


def test_with_tls() -> None:
    program, port = listening_pync("--proxy-type", "socks", "--ssl")
    with program, listening() as target:
        import ssl

        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", port), DEADLINE) as plain:
            with context.wrap_socket(plain) as sock:
                client = Peer(sock)
                client.says(b"\4\1" + int(target.port).to_bytes(2, "big") + b"\x7f\0\0\1\0early\n")
                client.hears(b"\0\x5a" + bytes(6))
                peer = target.accepts()
                peer.hears(b"early\n")
                peer.says(b"answer\n")
                client.hears(b"answer\n")
                peer.closes()
                client.hears_end()


def test_with_tls_a_reset_of_the_target_is_not_a_clean_end() -> None:
    import ssl

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    program, port = listening_pync("--proxy-type", "socks", "--ssl")
    with program, listening() as target:
        with socket.create_connection(("127.0.0.1", port), DEADLINE) as plain:
            with context.wrap_socket(plain, suppress_ragged_eofs=False) as sock:
                client = Peer(sock)
                client.says(b"\4\1" + int(target.port).to_bytes(2, "big") + b"\x7f\0\0\1\0")
                client.hears(b"\0\x5a" + bytes(6))
                peer = target.accepts()
                peer.says(b"half")
                client.hears(b"half")
                peer.resets()
                with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
                    sock.recv(1)


@pytest.mark.parametrize(
    ("ending", "status"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, -signal.SIGINT)]
)
def test_signal_ends_it_with_open_connections(ending: signal.Signals, status: int) -> None:
    program, port = listening_pync("--proxy-type", "socks")
    with program, listening() as target, ExitStack() as stack:
        target.sock.listen(64)
        clients = [stack.enter_context(connected(port))]
        for _ in range(30):
            clients.append(_through(port, target.port))
            stack.callback(clients[-1].closes)
            target.accepts()
        program.process.send_signal(ending)
        program.ends(status)
        for client in clients:
            client.hears_end()
        until(lambda: not is_bound(port), "the port to be free")


def test_events_as_json(tmp_path: Path) -> None:
    told = tmp_path / "port"
    words = ("-l", "--proxy-type", "socks", "--json", f"--report-port={told}", "127.0.0.1", "0")
    with Program(*PYNC, *words) as program, listening() as target:
        until(told.exists, "the port file", program)
        client = _through(int(told.read_text()), target.port)
        target.accepts().closes()
        client.hears_end()
        client.closes()
        program.hears(rb'"event": "finished"')
        events = [json.loads(line) for line in program.said.splitlines()]
        assert [one["event"] for one in events[1:]] == ["accepted", "proxied", "finished"]
        assert events[2]["target"] == f"tcp://127.0.0.1:{target.port}"


def test_on_a_unix_socket(tmp_path: object) -> None:
    path = f"{tmp_path}/s"
    with Program(*PYNC, "-lvU", "--proxy-type", "socks", path) as program, listening() as target:
        program.hears(rb"Listening on ")
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)
        client = Peer(sock)
        client.says(b"\4\1" + int(target.port).to_bytes(2, "big") + b"\x7f\0\0\1\0early\n")
        client.hears(b"\0\x5a" + bytes(6))
        peer = target.accepts()
        peer.hears(b"early\n")
        client.half_closes()
        peer.hears_end()
        peer.closes()
        client.hears_end()
        client.closes()
