"""Signed segments: only data from peers with the right key is accepted."""

from __future__ import annotations

import socket

import pytest

from pync.core.address import Address
from pync.core.errors import DialError
from pync.transports import Options, dial, listen
from pync.transports.md5sig import LONGEST, sign

KEYED = Options(md5_key=b"secret", timeout=10)


@pytest.fixture(autouse=True)
def needs_md5sig() -> None:
    try:
        with socket.socket() as sock:
            sign(sock, b"probe", None)
    except OSError as error:
        pytest.skip(f"this kernel signs no segments: {error}")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_same_key(host: str) -> None:
    with (
        listen(Address("tcp", host, "0"), KEYED) as listener,
        dial(listener.address, KEYED) as conn,
        listener.accept(10) as accepted,
    ):
        conn.send(b"signed")
        assert accepted.recv(100) == b"signed"


@pytest.mark.parametrize("key", [b"wrong", None])
def test_wrong_or_missing_key(key: bytes | None) -> None:
    with (
        listen(Address("tcp", "127.0.0.1", "0"), KEYED) as listener,
        pytest.raises(DialError, match="timed out"),
    ):
        dial(listener.address, Options(md5_key=key, timeout=0.2))


@pytest.mark.parametrize("key", [b"", b"k" * (LONGEST + 1)])
def test_invalid_key_length(key: bytes) -> None:
    with socket.socket() as sock, pytest.raises(OSError, match="1 to 80 bytes"):
        sign(sock, key, None)
