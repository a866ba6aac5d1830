"""PROXY protocol on listeners: access lists and reports use the client that the header names."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from pync.core.address import Address
from pync.layers.proxy_header import encode
from pync.programs.shared import announced

from ....peer import connected, listening

if TYPE_CHECKING:
    from tests.unit.conftest import Running

Start = Callable[..., "Running"]

#: The client that the headers name.
CLIENT, LOCAL = Address("tcp", "192.0.2.7", "1234"), Address("tcp", "192.0.2.1", "80")

LISTENER = ("-lv", "--accept-timeout=1", "--accept-proxy-protocol=127.0.0.1")


def begin(pync: Start, *words: str) -> tuple[Running, int]:
    running = pync(*LISTENER, *words)
    return running, int(running.says().rpartition(" ")[2])


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("keeps", [(), ("-k",)])
def test_listener_reports_the_client_of_the_header(
    pync: Start, version: str, keeps: tuple[str, ...]
) -> None:
    running, port = begin(pync, *keeps, "127.0.0.1", "0")
    with connected(port) as client:
        client.says(encode(version, CLIENT, LOCAL) + b"hello")
        assert running.says() == "Connection received on 192.0.2.7 1234"
        assert running.shows(5) == b"hello"
        client.half_closes()
        running.types_eof()
        client.hears_end()
    running.ends()


def test_relay_receives_and_sends_a_header(pync: Start) -> None:
    with listening() as target:
        onward = ("--proxy-protocol=v1", f"tcp://127.0.0.1:{target.port}")
        running, port = begin(pync, "-k", "127.0.0.1", "0", *onward)
        with connected(port) as client:
            client.says(encode("v2", CLIENT, LOCAL) + b"question")
            server = target.accepts()
            server.hears(b"PROXY TCP4 192.0.2.7 192.0.2.1 1234 80\r\nquestion")
            client.half_closes()
            server.hears_end()
            server.closes()
            client.hears_end()
        said = running.ends()[2]
        assert "Connection from 192.0.2.7 1234 goes to " in said


def test_relay_sends_the_addresses_of_its_client(pync: Start) -> None:
    with listening() as target:
        words = ("-lkv", "--accept-timeout=1", "--proxy-protocol=v1", "127.0.0.1", "0")
        running = pync(*words, f"tcp://127.0.0.1:{target.port}")
        port = int(running.says().rpartition(" ")[2])
        with connected(port) as client:
            name = client.sock.getsockname()[1]
            server = target.accepts()
            server.hears(f"PROXY TCP4 127.0.0.1 127.0.0.1 {name} {port}\r\n".encode())
            server.closes()
            client.hears_end()
        running.ends()


def test_command_environment_has_the_client_of_the_header(pync: Start) -> None:
    command = "import os; print(os.environ['NCAT_REMOTE_ADDR'], os.environ['NCAT_LOCAL_PORT'])"
    words = ("-k", "--exec", f'{sys.executable} -c "{command}"', "127.0.0.1", "0")
    running, port = begin(pync, *words)
    with connected(port) as client:
        client.says(encode("v1", CLIENT, LOCAL))
        assert client.hears_rest().split() == [b"192.0.2.7", b"80"]
    running.ends()


def test_access_lists_apply_to_the_client_of_the_header(pync: Start) -> None:
    running, port = begin(pync, "-k", "--deny=192.0.2.0/24", "127.0.0.1", "0")
    with connected(port) as client:
        client.says(encode("v1", CLIENT, LOCAL))
        assert client.hears_rest() == b""
    assert running.says() == "Connection from 192.0.2.7 1234 denied: not allowed"
    running.ends()


def test_client_that_may_not_send_a_header_is_denied(pync: Start) -> None:
    words = ("-lkv", "--accept-timeout=1", "--accept-proxy-protocol=192.0.2.1", "127.0.0.1", "0")
    running = pync(*words)
    with connected(int(running.says().rpartition(" ")[2])) as client:
        assert client.hears_rest() == b""
    assert running.says().endswith(" denied: not allowed")
    running.ends()


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "PROXY protocol: there is no header"),
        (b"PROXY TCP4", "the connection ended in the handshake"),
        (b"", "the handshake timed out"),
    ],
)
def test_client_without_a_header_is_closed(
    pync: Start, monkeypatch: pytest.MonkeyPatch, said: bytes, cause: str
) -> None:
    with listening() as target:
        if not said:
            monkeypatch.setattr(announced, "TIMEOUT", 0.05)
        onward = ("-k", "127.0.0.1", "0", f"tcp://127.0.0.1:{target.port}")
        running, port = begin(pync, *onward)
        with connected(port) as client:
            try:
                if said:
                    client.says(said)
                    client.half_closes()
                assert client.hears_rest() == b""
            except ConnectionResetError:
                pass  # the rest of its data was not read
        assert running.says().endswith(f": {cause}")
        assert "timed out" in running.ends()[2]


def test_warning_if_everyone_may_send_a_header(pync: Start) -> None:
    words = ("-lk", "--accept-timeout=0.05", "0.0.0.0", "0", "--accept-proxy-protocol")
    assert " can claim any address " in pync(*words).says()
