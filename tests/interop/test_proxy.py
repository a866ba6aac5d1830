"""Connections through proxies: ncat's proxy server, and small proxies that check requests."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pync.layers.http_auth import Challenge, parse

from ..e2e.terminal import Terminal
from ..peer import Peer, Server, listening
from ..programs import PYNC, Program, is_bound, needs, until

NC = (*PYNC, "--as=nc")
NCAT = (*PYNC, "--as=ncat")


@contextmanager
def proxy(play: Callable[[Peer], None]) -> Iterator[Server]:
    """A small proxy that serves one client with the given function."""
    failures: list[BaseException] = []
    with listening() as server:

        def serve() -> None:
            try:
                play(server.accepts())
            except AssertionError as error:
                failures.append(error)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server
        thread.join()
    assert failures == []


def echoes(peer: Peer) -> None:
    peer.hears(b"question\n")
    peer.says(b"answer\n")
    peer.closes()


def http(peer: Peer, headers: bytes = b"") -> None:
    line = b""
    while not line.endswith(b"\r\n\r\n"):
        line += peer.sock.recv(1)
    assert line.startswith(b"CONNECT example.org:80 HTTP/1."), line
    assert headers in line, line
    # The first data of the target arrives together with the answer.
    peer.says(b"HTTP/1.0 200 ok\r\nX: y\r\n\r\nwelcome\n")
    echoes(peer)


def socks5(peer: Peer) -> None:
    peer.hears(b"\5")
    methods = peer.sock.recv(peer.sock.recv(1)[0])
    assert 0 in methods
    peer.says(b"\5\0")
    peer.hears(b"\5\1\0\3\x0bexample.org\0\x50")
    for byte in b"\5\0\0\1\0\0\0\0\0\0":
        peer.says(bytes([byte]))
    peer.says(b"welcome\n")
    echoes(peer)


def socks4(peer: Peer) -> None:
    peer.hears(b"\4\1\0\x50\0\0\0\1")
    peer.hears(b"\0example.org\0")
    peer.says(b"\0\x5a" + bytes(6) + b"welcome\n")
    echoes(peer)


#: The options of each dialect, and the protocol of the proxy.
WAYS: dict[str, tuple[tuple[str, ...], str, Callable[[Peer], None]]] = {
    "nc connect": (NC, "-X connect -x 127.0.0.1:{port}", http),
    "nc 5": (NC, "-X 5 -x 127.0.0.1:{port}", socks5),
    "nc": (NC, "-x 127.0.0.1:{port}", socks5),
    "ncat http": (NCAT, "--proxy 127.0.0.1:{port}", http),
    "ncat socks4": (NCAT, "--proxy 127.0.0.1:{port} --proxy-type socks4", socks4),
    "ncat socks5": (NCAT, "--proxy 127.0.0.1:{port} --proxy-type socks5", socks5),
    "pync http": ((*PYNC,), "--proxy http://127.0.0.1:{port}", http),
    "pync socks5": ((*PYNC,), "--proxy socks5://127.0.0.1:{port}", socks5),
    "pync socks4a": ((*PYNC,), "--proxy socks4a://127.0.0.1:{port}", socks4),
    "pync type": ((*PYNC,), "--proxy 127.0.0.1:{port} --proxy-type socks5", socks5),
}


@pytest.mark.parametrize("way", WAYS)
def test_data_both_ways_through_a_proxy(way: str) -> None:
    command, options, play = WAYS[way]
    with proxy(play) as server:
        words = options.format(port=server.port).split()
        with Program(*command, *words, "example.org", "80") as ours:
            assert ours.read(8) == b"welcome\n"
            ours.write(b"question\n")
            assert ours.read(7) == b"answer\n"
            ours.end_input()
            ours.ends(0)


@pytest.mark.parametrize("dialect", ["nc", "ncat"])
def test_same_request_to_an_http_proxy(dialect: str) -> None:
    options = {"nc": "-X connect -x", "ncat": "--proxy"}[dialect]
    for command in ((*PYNC, f"--as={dialect}"), (needs(dialect),)):
        with proxy(http) as server:
            words = [*options.split(), f"127.0.0.1:{server.port}", "example.org", "80"]
            with Program(*command, *words) as program:
                assert program.read(8) == b"welcome\n"
                program.write(b"question\n")
                assert program.read(7) == b"answer\n"
                program.end_input()
                program.ends(0)


def test_refusal_is_reported_as_by_ncat() -> None:
    outcomes = []
    for command in (NCAT, (needs("ncat"),)):
        with proxy(lambda peer: peer.says(b"HTTP/1.0 403 Forbidden\r\n\r\n")) as server:
            with Program(*command, "--proxy", f"127.0.0.1:{server.port}", "h.invalid", "80") as one:
                outcomes.append((one.ends(None), one.process.returncode))
    assert outcomes[0] == outcomes[1]


def test_through_the_proxy_server_of_ncat(port: int) -> None:
    with Program(needs("ncat"), "-l", "--proxy-type", "http", "127.0.0.1", str(port)) as theirs:
        until(lambda: is_bound(port), "the listener", theirs)
        with listening() as server:
            with Program(*PYNC, "--proxy", f"127.0.0.1:{port}", "127.0.0.1", server.port) as ours:
                ours.write(b"question\n")
                echoes(server.accepts())
                assert ours.read(7) == b"answer\n"
                ours.end_input()
                ours.ends(0)


def test_two_proxies_one_behind_the_other() -> None:
    def first(peer: Peer) -> None:
        peer.hears(b"\5\1\0")
        peer.says(b"\5\0")
        peer.hears(b"\5\1\0\3\x06second\x0c\x38")
        peer.says(b"\5\0\0\1\0\0\0\0\0\0")
        http(peer)

    with proxy(first) as server:
        chain = ("--proxy", f"socks5://127.0.0.1:{server.port}", "--proxy", "http://second:3128")
        with Program(*PYNC, *chain, "example.org", "80") as ours:
            assert ours.read(8) == b"welcome\n"
            ours.write(b"question\n")
            assert ours.read(7) == b"answer\n"
            ours.end_input()
            ours.ends(0)


@pytest.mark.parametrize("where", ["file", "variable"])
def test_login_may_be_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    words: tuple[str, ...] = ()
    if where == "file":
        (tmp_path / "auth").write_text("joe:secret\n")
        words = ("--proxy-auth-file", str(tmp_path / "auth"))
    else:
        monkeypatch.setenv("PYNC_PROXY_AUTH", "joe:secret")
    with listening() as server:
        words += ("--proxy", f"127.0.0.1:{server.port}", "example.org", "80")
        with Program(*PYNC, *words) as ours:
            asks(server, b'Basic realm="r"')
            assert said_by(server) == (b"Basic am9lOnNlY3JldA==", True)
            assert ours.read(8) == b"welcome\n"


# Failures, with the messages of nc and ncat: what the proxy sends step by step, then FIN.

ADDRESS = bytes(6)
WRONG: dict[str, tuple[str, tuple[bytes, ...]]] = {
    **{
        f"SOCKS 5, reply {reply}": ("5", (b"\5\0", bytes([5, reply, 0, 1]) + ADDRESS))
        for reply in (1, 2, 3, 4, 5, 6, 7, 8, 9, 255)
    },
    "SOCKS 5, no method": ("5", (b"\5\xff",)),
    "SOCKS 5, gone at once": ("5", ()),
    "SOCKS 5, gone then": ("5", (b"\5\0",)),
    "SOCKS 5, half an answer": ("5", (b"\5\0", b"\5\0")),
    "SOCKS 5, an address of no type": ("5", (b"\5\0", b"\5\0\0\7" + ADDRESS)),
    **{
        f"SOCKS 4, reply {reply}": ("4", (bytes([0, reply]) + ADDRESS,))
        for reply in (91, 92, 93, 94)
    },
    "SOCKS 4, gone": ("4", ()),
    "SOCKS 4, half an answer": ("4", (b"\0\x5a",)),
    "SOCKS 4, another protocol": ("4", (b"HTTP/1.1 400 no\r\n",)),
    "HTTP, refused": ("http", (b"HTTP/1.0 403 no\r\n\r\n",)),
    "HTTP, gone": ("http", ()),
    "HTTP, half a line": ("http", (b"HTTP/1.0 2",)),
    "HTTP, half a head": ("http", (b"HTTP/1.0 200 ok\r\nA: b\r\n",)),
    "HTTP, no version": ("http", (b"200 ok\r\n\r\n",)),
}

KINDS = {
    "nc": {"4": "-X 4 -x", "5": "-X 5 -x", "http": "-X connect -x"},
    "ncat": {
        "4": "--proxy-type socks4 --proxy",
        "5": "--proxy-type socks5 --proxy",
        "http": "--proxy",
    },
}


@pytest.mark.parametrize("dialect", KINDS)
@pytest.mark.parametrize("what", WRONG)
def test_failures_are_reported_as_by_nc_and_ncat(what: str, dialect: str) -> None:
    kind, answers = WRONG[what]
    outcomes = []
    for command in ((*PYNC, f"--as={dialect}"), (needs(dialect),)):
        with listening() as server:
            options = (*KINDS[dialect][kind].split(), f"127.0.0.1:{server.port}")
            with Program(*command, *options, "1.2.3.4", "80") as program:
                peer = server.accepts()
                for answer in answers or (b"",):
                    assert peer.sock.recv(500)
                    peer.says(answer)
                try:
                    peer.half_closes()
                except OSError:
                    pass  # it exited after the last answer
                said = program.ends(1).replace(b"nc.openbsd: ", b"nc: ")
                outcomes.append((said, program.rest()))
    assert outcomes[0] == outcomes[1]


def asked_of_socks_4(command: tuple[str, ...], *words: str) -> bytes:
    """The request that reaches a SOCKS 4 proxy."""
    with listening() as server:
        options = (words[0], words[1], "-x", f"127.0.0.1:{server.port}", *words[2:])
        with Program(*command, *options) as program:
            peer = server.accepts()
            request = peer.sock.recv(500)
            peer.says(b"\0\x5a" + bytes(6))
            peer.closes()
            program.end_input()
            program.ends(0)
            return request


@pytest.mark.parametrize(
    "words", ["-X 4 localhost 80", "-X 4 127.0.0.1 80", "-X 4 -n localhost 80"]
)
def test_socks_4_name_is_looked_up_locally(words: str) -> None:
    theirs = (needs("nc"),)
    ours = (*PYNC, "--as=nc")
    assert asked_of_socks_4(ours, *words.split()) == asked_of_socks_4(theirs, *words.split())


def test_socks_4a_name_is_looked_up_by_the_proxy() -> None:
    request = asked_of_socks_4((*PYNC, "--as=nc"), "-X", "4A", "no-such-host.invalid", "80")
    assert request == b"\4\1\0\x50\0\0\0\1\0no-such-host.invalid\0"


# Proxies that require a login.


def head(peer: Peer) -> bytes:
    line = b""
    while not line.endswith(b"\r\n\r\n"):
        line += peer._read(1)
    return line


def asks(server: Server, *challenges: bytes) -> None:
    """Refuse one request, even one with credentials, with these challenges."""
    peer = server.accepts()
    head(peer)
    headers = b"".join(b"Proxy-Authenticate: " + one + b"\r\n" for one in challenges)
    peer.says(b"HTTP/1.1 407 who are you\r\n" + headers + b"Content-Length: 3\r\n\r\nwho")
    peer.closes()


def said_by(server: Server) -> tuple[bytes, bool]:
    """Accept the next request; return its credentials, and whether it asked for the target."""
    peer = server.accepts()
    request = head(peer)
    peer.says(b"HTTP/1.0 200 ok\r\n\r\nwelcome\n")
    found = re.search(rb"Proxy-Authorization: (.*)\r\n", request)
    asked = request.startswith(b"CONNECT example.org:80 HTTP/1.")
    return found.group(1) if found else b"", asked


MD5 = b'Digest realm="r", nonce="abc", qop="auth", opaque="o"'
SHA256 = b'Digest realm="r", nonce="abc", qop="auth", algorithm=SHA-256'
OLD = b'Digest realm="r", nonce="abc"'
BASIC = b'Basic realm="r"'

#: The challenges of a proxy, and whether ncat can answer them.
QUESTIONS: dict[str, tuple[tuple[bytes, ...], bool]] = {
    "Basic": ((BASIC,), True),
    "Digest": ((MD5,), True),
    "Digest without qop": ((OLD,), True),
    "both": ((BASIC, MD5), True),
    "both in one line": ((BASIC + b", " + OLD,), True),
    "SHA-256": ((SHA256,), False),
    "SHA-256 and Basic": ((SHA256, BASIC), False),
}


@pytest.mark.parametrize("what", QUESTIONS)
def test_credentials_are_sent_as_by_ncat(what: str) -> None:
    challenges, known_there = QUESTIONS[what]
    said = []
    for command in (NCAT, (needs("ncat"),)):
        with listening() as server:
            options = ("--proxy", f"127.0.0.1:{server.port}", "--proxy-auth", "joe:secret")
            with Program(*command, *options, "example.org", "80") as one:
                asks(server, *challenges)
                if command != NCAT and not known_there:
                    one.ends(1)
                    return
                answer, asked = said_by(server)
                assert asked
                assert one.read(8) == b"welcome\n"
        (found,) = parse(answer.decode())
        said.append((found.scheme, found.word, constant(found)))
    assert said[0] == said[1]


@pytest.mark.parametrize("auth", ["", ":a", "a", "admin:", "admin:pw", "a:b:c", "::"])
@pytest.mark.parametrize("kind", ["http", "socks5", "socks4"])
def test_credentials_are_sent_as_given(kind: str, auth: str) -> None:
    theirs = needs("ncat")
    heard = []
    for command in (NCAT, (theirs,)):
        with listening() as server:
            options = ("--proxy", f"127.0.0.1:{server.port}", "--proxy-type", kind)
            with Program(*command, *options, "--proxy-auth", auth, "1.2.3.4", "80") as one:
                if kind == "http":
                    asks(server, BASIC)
                    peer = server.accepts()
                    (words,) = re.findall(rb"Proxy-Authorization: (.*)\r\n", head(peer))
                    peer.says(b"HTTP/1.0 200 ok\r\n\r\n")
                elif kind == "socks4":
                    peer = server.accepts()
                    words = peer.hears_to(b"\0", 9)
                    peer.says(b"\0\x5a" + bytes(6))
                else:
                    peer = server.accepts()
                    peer.hears(b"\5\2\0\2")
                    peer.says(b"\5\2")
                    # Without a colon there are no credentials to send, and it exits.
                    words = peer.sock.recv(600)
                    if words:
                        peer.says(b"\1\1")
                one.end_input()
                peer.closes()
                heard.append((words, one.ends(None), one.process.returncode))
    assert heard[0] == heard[1]


def constant(answer: Challenge) -> dict[str, str]:
    """Return the parameters that are equal each time; a cnonce changes the response."""
    chance = {"cnonce", "response"} if "cnonce" in answer.parameters else set[str]()
    return {name: value for name, value in answer.parameters.items() if name not in chance}


@pytest.mark.parametrize("dialect", ["nc", "ncat"])
def test_no_credentials_are_sent_without_a_challenge(dialect: str) -> None:
    options = {"nc": "-P joe -X connect -x", "ncat": "--proxy-auth joe:secret --proxy"}[dialect]
    for command in ((*PYNC, f"--as={dialect}"), (needs(dialect),)):
        with listening() as server:
            words = (*options.split(), f"127.0.0.1:{server.port}", "example.org", "80")
            with Program(*command, *words) as program:
                assert said_by(server) == (b"", True)
                assert program.read(8) == b"welcome\n"


@pytest.mark.parametrize("challenges", [(BASIC,), (MD5,)])
def test_password_is_refused(challenges: tuple[bytes, ...]) -> None:
    outcomes = []
    for command in (NCAT, (needs("ncat"),)):
        with listening() as server:
            options = ("--proxy", f"127.0.0.1:{server.port}", "--proxy-auth", "joe:secret")
            with Program(*command, *options, "example.org", "80") as one:
                asks(server, *challenges)
                asks(server, *challenges)
                outcomes.append(one.ends(1))
    assert outcomes[0] == outcomes[1]


def test_stale_challenge_is_answered_again() -> None:
    with listening() as server:
        options = ("--proxy", f"127.0.0.1:{server.port}", "--proxy-auth", "joe:secret")
        with Program(*PYNC, *options, "example.org", "80") as ours:
            asks(server, MD5)
            asks(server, MD5.replace(b"abc", b"new") + b", stale=true")
            assert b'nonce="new"' in said_by(server)[0]
            assert ours.read(8) == b"welcome\n"


# -P of nc: the user types the password.

#: Passwords that are refused before the right one; nc asks no more often.
TYPED = {"at once": 0, "at last": 2, "never": 3}


def as_nc(said: bytes) -> bytes:
    """Return the message with the name "nc": Debian's nc prints the name of its file."""
    return said.replace(b"nc.openbsd: ", b"nc: ")


@pytest.mark.parametrize("how", TYPED)
def test_password_prompt_is_the_same_as_in_nc(how: str) -> None:
    seen = []
    for command in ((*PYNC, "--as=nc"), (needs("nc"),)):
        with listening() as server:
            words = ("-X", "connect", "-x", f"127.0.0.1:{server.port}", "-P", "joe")
            screen = b""
            with Terminal([*command, *words, "example.org", "80"]) as person:
                asks(server, BASIC)
                for _ in range(TYPED[how]):
                    screen += person.sees(b"Proxy password for joe@127.0.0.1: ")
                    person.types(b"wrong\r")
                    asks(server, BASIC)
                if how == "never":
                    screen += person.sees_to_the_end()
                else:
                    screen += person.sees(b"Proxy password for joe@127.0.0.1: ")
                    person.types(b"secret\r")
                    assert said_by(server) == (b"Basic am9lOnNlY3JldA==", True)
                    screen += person.sees(b"welcome\r\n")
            seen.append(as_nc(screen))
    assert seen[0] == seen[1]
    assert seen[0].count(b"Proxy authentication failed\r\n") == TYPED[how]


def test_pync_asks_for_a_missing_password() -> None:
    with listening() as server:
        words = ("--proxy", f"http://joe@127.0.0.1:{server.port}", "example.org", "80")
        with Terminal([*PYNC, *words]) as person:
            asks(server, MD5)
            person.sees(b"Proxy password for joe@127.0.0.1: ")
            person.types(b"wrong\r")
            asks(server, MD5)
            person.sees(b"Proxy authentication failed\r\nProxy password for joe@127.0.0.1: ")
            person.types(b"secret\r")
            assert said_by(server)[0].startswith(b"Digest username=")
            person.sees(b"welcome\r\n")


def test_nc_takes_the_password_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYNC_PROXY_PASSWORD", "secret")
    with listening() as server:
        words = ("-X", "connect", "-x", f"127.0.0.1:{server.port}", "-P", "joe")
        with Program(*PYNC, "--as=nc", *words, "example.org", "80") as ours:
            asks(server, BASIC)
            assert said_by(server) == (b"Basic am9lOnNlY3JldA==", True)
            assert ours.read(8) == b"welcome\n"


def test_nc_without_a_terminal() -> None:
    outcomes = []
    for command in ((*PYNC, "--as=nc"), (needs("nc"),)):
        with listening() as server:
            words = ("-X", "connect", "-x", f"127.0.0.1:{server.port}", "-P", "joe")
            with Program(*command, *words, "example.org", "80") as program:
                asks(server, BASIC)
                outcomes.append(as_nc(program.ends(1)))
    assert outcomes[0] == outcomes[1] == b"nc: Unable to read proxy passphrase\n"


@pytest.mark.parametrize(
    "line", [b"HTTP/1.0 403 no", b"HTTP/1.1 502 Bad Gateway", b"HTTP/1.0 407 x"]
)
def test_refusal_is_reported_as_by_nc(line: bytes) -> None:
    def refuses(peer: Peer) -> None:
        head(peer)
        peer.says(line + b"\r\n\r\n")

    outcomes = []
    for command in ((*PYNC, "--as=nc"), (needs("nc"),)):
        with proxy(refuses) as server:
            words = ("-X", "connect", "-x", f"127.0.0.1:{server.port}", "example.org", "80")
            with Program(*command, *words) as program:
                outcomes.append(as_nc(program.ends(1)))
    assert outcomes[0] == outcomes[1]


def test_server_is_not_a_proxy() -> None:
    with proxy(lambda peer: peer.says(b"220 mail.example.org\r\n")) as server:
        with Program(*PYNC, "--proxy", f"127.0.0.1:{server.port}", "h.invalid", "80") as ours:
            assert ours.ends(1) == (
                b"pync: dial tcp://h.invalid:80: the proxy does not speak HTTP\n"
            )
