"""The PROXY protocol: valid headers, received at once and byte by byte, and invalid ones."""

from __future__ import annotations

import random
import struct

import pytest

from pync.core.address import Address
from pync.layers.handshake import HandshakeError, HandshakeSteps
from pync.layers.proxy_header import (
    LONGEST_LINE,
    SIGNATURE,
    Named,
    crc32c,
    encode,
    receive,
)

BEHIND = b"behind the header"


class Wire:
    """Returns the data in pieces of at most ``piece`` bytes."""

    def __init__(self, data: bytes, piece: int) -> None:
        self.data, self.piece = data, piece

    def recv(self, size: int) -> bytes:
        taken, self.data = self.data[: min(size, self.piece)], self.data[min(size, self.piece) :]
        return taken

    def send(self, data: memoryview) -> int:
        raise AssertionError(f"nothing is to be sent: {bytes(data)!r}")


def parse_header(wire: Wire) -> Named:
    """Return the result of the header on the wire."""
    steps = HandshakeSteps(receive())
    while not steps.is_over:
        steps.step(wire)
    return steps.result


def receive_header(header: bytes) -> Named:
    """Return the result of a header, at once and byte by byte; no byte after it is read."""
    found = []
    for piece in (1, 1 << 16):
        wire = Wire(header + BEHIND, piece)
        found.append(parse_header(wire))
        assert wire.data == BEHIND
    assert found[0] == found[1]
    return found[0]


def tcp(host: str, port: int) -> Address:
    return Address("tcp", host, str(port))


def v2(command: int, family: int, body: bytes) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(body)) + body


FOUR = tcp("192.168.0.1", 56324), tcp("192.168.0.11", 443)
SIX = tcp("2001:db8::1", 1), tcp("::1", 65535)
UNIX = Address("unix", path=""), Address("unix", path="/run/app.sock")
ABSTRACT = Address("unix", path="@client"), Address("unix", path="@app")
FOUR_BODY = bytes((192, 168, 0, 1, 192, 168, 0, 11)) + struct.pack("!HH", 56324, 443)


@pytest.mark.parametrize("ends", [FOUR, SIX, UNIX, ABSTRACT])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_round_trip(version: str, ends: tuple[Address, Address]) -> None:
    expected = Named(*ends)
    if version == "v1" and ends[0].scheme == "unix":
        expected = Named()  # version 1 has no paths
    assert receive_header(encode(version, *ends)) == expected


@pytest.mark.parametrize(
    ("version", "ends", "header"),
    [
        ("v1", FOUR, b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"),
        ("v1", SIX, b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n"),
        ("v1", (tcp("fe80::1%lo", 1), tcp("fe80::2%lo", 2)), b"PROXY TCP6 fe80::1 fe80::2 1 2\r\n"),
        ("v1", (FOUR[0], SIX[0]), b"PROXY UNKNOWN\r\n"),
        ("v1", UNIX, b"PROXY UNKNOWN\r\n"),
        ("v2", FOUR, v2(0x21, 0x11, FOUR_BODY)),
        ("v2", (FOUR[0], SIX[0]), v2(0x21, 0, b"")),
        ("v2", (Address("vsock", "x", "1"), FOUR[0]), v2(0x21, 0, b"")),
    ],
)
def test_encode(version: str, ends: tuple[Address, Address], header: bytes) -> None:
    assert encode(version, *ends) == header


def with_checksum(body: bytes) -> bytes:
    """Return a header with a checksum after the addresses."""
    header = v2(0x21, 0x11, body + b"\3\0\4" + bytes(4))
    return header[:-4] + crc32c(header).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (b"PROXY UNKNOWN\r\n", Named()),
        (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", Named()),
        (v2(0x20, 0, b""), Named()),
        (v2(0x20, 0x11, FOUR_BODY), Named()),
        (v2(0x20, 0x11, b"short"), Named()),
        (v2(0x21, 0, b""), Named()),
        (v2(0x21, 0x51, b"unknown"), Named()),
        (v2(0x21, 0x12, FOUR_BODY), Named(*FOUR)),
        (v2(0x21, 0x11, FOUR_BODY + b"\4\0\2xx"), Named(*FOUR)),
        (v2(0x21, 0x11, FOUR_BODY + b"\1\0\2h2" + b"\2\0\4host"), Named(*FOUR)),
        (with_checksum(FOUR_BODY), Named(*FOUR)),
        (with_checksum(FOUR_BODY + b"\1\0\2h2"), Named(*FOUR)),
    ],
)
def test_valid_headers(header: bytes, named: Named) -> None:
    assert receive_header(header) == named


@pytest.mark.parametrize(
    "header",
    [
        b"GET / HTTP/1.1\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.5 1\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.5 1 2 3\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.5 1 65536\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.5 01 2\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.5 1 2\n",
        b"PROXY TCP4 01.2.3.4 1.2.3.5 1 2\r\n",
        b"PROXY TCP4 ::1 ::2 1 2\r\n",
        b"PROXY TCP6 1.2.3.4 1.2.3.5 1 2\r\n",
        b"PROXY TCP6 fe80::1%lo fe80::2 1 2\r\n",
        b"PROXY TCP4  1.2.3.4 1.2.3.5 1 2\r\n",
        b"PROXY UDP4 1.2.3.4 1.2.3.5 1 2\r\n",
        b"PROXY \r\n\r\n\r\n\r\n",
        b"PROXY TCP4 " + b"1" * LONGEST_LINE,
        SIGNATURE + b"\x31\x11\0\x0c" + FOUR_BODY,
        SIGNATURE + b"\x22\x11\0\x0c" + FOUR_BODY,
        SIGNATURE + b"\x21\x11\xff\xff" + FOUR_BODY,
        v2(0x21, 0x11, FOUR_BODY[:-1]),
        v2(0x21, 0x21, FOUR_BODY),
        v2(0x21, 0x11, FOUR_BODY + b"\4\0\x09xx"),
        v2(0x21, 0x11, FOUR_BODY + b"\3\0\4abcd"),
        v2(0x21, 0x11, FOUR_BODY + b"\3\0\2ab"),
        with_checksum(FOUR_BODY)[:20] + b"x" + with_checksum(FOUR_BODY)[21:],
    ],
)
def test_invalid_headers(header: bytes) -> None:
    with pytest.raises(HandshakeError):
        receive_header(header)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_incomplete_header(version: str) -> None:
    header = encode(version, *FOUR)
    for size in range(len(header)):
        with pytest.raises(HandshakeError, match="ended in the handshake"):
            parse_header(Wire(header[:size], 1 << 16))


def test_known_checksum() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720 B.4 has others


def test_corrupted_headers_raise_only_handshake_error() -> None:
    dice = random.Random(1)
    whole = [
        encode("v1", *FOUR),
        encode("v2", *SIX),
        encode("v2", *ABSTRACT),
        with_checksum(FOUR_BODY),
    ]
    for _ in range(3000):
        header = bytearray(dice.choice(whole))
        for _ in range(dice.randrange(1, 4)):
            header[dice.randrange(len(header))] = dice.randrange(256)
        try:
            named = parse_header(Wire(bytes(header), dice.choice((1, 1 << 16))))
        except HandshakeError:
            continue
        assert isinstance(named, Named)
