"""Through proxies: theirs where it serves, and small ones of our own that say what they heard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..peer import Peer, Server, listening
from ..programs import PYNC, Program, is_bound, needs, until

NC = (*PYNC, "--as=nc")
NCAT = (*PYNC, "--as=ncat")


@contextmanager
def proxy(play: Callable[[Peer], None]) -> Iterator[Server]:
    """A proxy of our own, which plays its part with one client."""
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
    # The first words of the target come together with the answer.
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


#: How it is asked for in each dialect, and what the proxy speaks.
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
def test_a_conversation_through_a_proxy(way: str) -> None:
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
def test_theirs_says_the_same_to_an_http_proxy(dialect: str) -> None:
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


def test_ncats_refusal_in_its_words() -> None:
    outcomes = []
    for command in (NCAT, (needs("ncat"),)):
        with proxy(lambda peer: peer.says(b"HTTP/1.0 403 Forbidden\r\n\r\n")) as server:
            with Program(*command, "--proxy", f"127.0.0.1:{server.port}", "h.invalid", "80") as one:
                outcomes.append((one.ends(None), one.process.returncode))
    assert outcomes[0] == outcomes[1]


def test_through_ncats_own_proxy_server(port: int) -> None:
    with Program(needs("ncat"), "-l", "--proxy-type", "http", "127.0.0.1", str(port)) as theirs:
        until(lambda: is_bound(port), "it to listen", theirs)
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
def test_a_secret_need_not_be_in_the_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    words: tuple[str, ...] = ()
    if where == "file":
        (tmp_path / "auth").write_text("joe:secret\n")
        words = ("--proxy-auth-file", str(tmp_path / "auth"))
    else:
        monkeypatch.setenv("PYNC_PROXY_AUTH", "joe:secret")
    expected = b"Proxy-Authorization: Basic am9lOnNlY3JldA==\r\n"
    with proxy(lambda peer: http(peer, expected)) as server:
        words += ("--proxy", f"127.0.0.1:{server.port}", "example.org", "80")
        with Program(*PYNC, *words) as ours:
            assert ours.read(8) == b"welcome\n"
            ours.write(b"question\n")
            assert ours.read(7) == b"answer\n"
            ours.end_input()
            ours.ends(0)


def test_a_proxy_that_is_none() -> None:
    with proxy(lambda peer: peer.says(b"220 mail.example.org\r\n")) as server:
        with Program(*PYNC, "--proxy", f"127.0.0.1:{server.port}", "h.invalid", "80") as ours:
            assert ours.ends(1) == (
                b"pync: dial tcp://h.invalid:80: the proxy does not speak HTTP\n"
            )
