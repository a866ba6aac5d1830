"""The proxy server as a program; tests/interop tests it with other clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from pync.core.config import Proxy
from pync.core.errors import UsageError
from pync.dialects.pync import parse
from pync.programs.proxy.session import Session

from ....peer import connected, listening

if TYPE_CHECKING:
    from tests.unit.conftest import Running

Start = Callable[..., "Running"]


def test_options_that_select_the_proxy_server() -> None:
    config = parse(["-l", "--proxy-type", "socks", "--proxy-auth", "joe:secret", "1080"])
    assert config.program == "proxy"
    assert config.serves == Proxy("socks", "", "", "joe", "secret")
    assert parse(["-l", "1080"]).serves is None
    assert parse(["--proxy-type", "socks5", "--proxy", "p", "h", "1"]).serves is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--proxy-type ftp 1", "-l --proxy-type: 'ftp' is not a proxy server"),
        ("--proxy-type socks -u 1", "cannot use -u and -l --proxy-type"),
        ("--proxy-type socks --exec cat 1", "cannot use --exec and -l --proxy-type"),
        ("--proxy-type socks --broker 1", "cannot use --broker and -l --proxy-type"),
        ("--allow-target 10.0.0.1 1", "--allow-target needs -l --proxy-type"),
        ("--proxy h:1 1", "cannot use --proxy and -l without --proxy-type"),
    ],
)
def test_contradictory_options(words: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(["-l", *words.split()])
    assert str(raised.value).startswith(said)


def test_serve_and_report(pync: Start) -> None:
    with listening() as target:
        words = ("--proxy-type", "socks", "--accept-timeout=1", "127.0.0.1", 0)
        running = pync("-l", "-v", *words)
        port = int(running.says().rpartition(" ")[2])
        with connected(port) as client:
            client.says(b"\4\1" + int(target.port).to_bytes(2, "big") + b"\x7f\0\0\1\0")
            client.hears(b"\0\x5a" + bytes(6))
            peer = target.accepts()
            peer.closes()
            client.hears_end()
            client.half_closes()
            assert running.says().startswith("Connection received on 127.0.0.1 ")
            assert running.says().endswith(f" goes to 127.0.0.1 {target.port}")
        status, _, said = running.ends()
        assert status == 1
        assert said == f"pync: accept tcp://127.0.0.1:{port}: timed out\n"


def test_denied_client_is_not_read(pync: Start) -> None:
    words = ("--proxy-type", "socks", "--deny", "127.0.0.1", "--accept-timeout=1")
    running = pync("-l", "-v", *words, "127.0.0.1", 0)
    with connected(int(running.says().rpartition(" ")[2])) as client:
        assert client.hears_rest() == b""
    assert "denied: not allowed" in running.says()
    running.ends()


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("socks", b"\5\0" + b"\5\2\0\1" + bytes(6)),
        ("http", b"HTTP/1.1 403 Forbidden\r\n"),
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_denied_target_is_not_connected_to(
    pync: Start, kind: str, refused: bytes, host: str
) -> None:
    with listening() as target:
        words = ("--proxy-type", kind, "--deny-target", "127.0.0.0/8,::1")
        running = pync("-lv", *words, "--accept-timeout=1", "127.0.0.1", 0)
        port = int(running.says().rpartition(" ")[2])
        name, number = host.encode(), int(target.port)
        asks = {
            "socks": b"\5\1\0\5\1\0\3%c%b" % (len(name), name) + number.to_bytes(2, "big"),
            "http": b"CONNECT %b:%d HTTP/1.1\r\nHost: h\r\n\r\n" % (name, number),
        }
        with connected(port) as client:
            client.says(asks[kind])
            client.hears(refused)
            client.half_closes()
            client.hears_rest()
        running.ends()
        target.sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            target.sock.accept()


def test_warning_about_an_open_proxy(pync: Start) -> None:
    words = ("-l", "--proxy-type", "socks", "--accept-timeout=0.05")
    assert pync(*words, "0.0.0.0", 0).says().count(" can use the proxy; ") == 1
    for safe in (["--proxy-auth", "a:b"], ["--allow", "127.0.0.1"]):
        assert "timed out" in pync(*words, *safe, "0.0.0.0", 0).says()


@pytest.mark.parametrize("kind", ["socks", "http"])
def test_exception_caused_by_a_client_ends_only_that_client(
    pync: Start, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def fails(*_: object) -> None:
        raise UnicodeError("label too long")

    monkeypatch.setattr(Session, "_dial", fails)
    words = ("--proxy-type", kind, "--max-conns=1", "--accept-timeout=1", "127.0.0.1", 0)
    running = pync("-lv", *words)
    port = int(running.says().rpartition(" ")[2])
    asks = {
        "socks": b"\5\1\0\5\1\0\1\x7f\0\0\1\0\7",
        "http": b"CONNECT 127.0.0.1:7 HTTP/1.1\r\nHost: 127.0.0.1:7\r\n\r\n",
    }
    # With --max-conns=1, the second client is accepted only if the first one has left.
    for _ in range(2):
        with connected(port) as client:
            assert running.says().startswith("Connection received on ")
            client.says(asks[kind])
            assert client.is_reset()
            assert running.says().endswith(": internal error: UnicodeError: label too long")
    assert "timed out" in running.ends()[2]


def test_invalid_name_ends_only_its_client(pync: Start) -> None:
    with listening() as onward:
        words = ("--proxy-type", "socks", "--proxy", f"socks5://127.0.0.1:{onward.port}")
        running = pync("-lv", *words, "--accept-timeout=1", "127.0.0.1", 0)
        port = int(running.says().rpartition(" ")[2])
        name = "x..y\xe9".encode()
        for _ in range(2):
            with connected(port) as client:
                client.says(b"\5\1\0\5\1\0\3" + bytes([len(name)]) + name + b"\0\1")
                peer = onward.accepts()
                peer.hears(b"\5\1\0")
                peer.says(b"\5\0")
                client.hears(b"\5\0" + b"\5\1\0\1" + bytes(6))
                client.hears_end()
                client.half_closes()
        status, _, said = running.ends()
        assert "is not a name for SOCKS 5" in said
        assert status == 1
        assert said.endswith(": timed out\n")
