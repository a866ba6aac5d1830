"""WebSocket peers that send and expect exact bytes: handshakes and frames (RFC 6455)."""

from __future__ import annotations

import re
import struct
from base64 import b64encode
from hashlib import sha1

from .peer import Peer, Server

TEXT, BINARY, CLOSE, PING, PONG = b"\x81", b"\x82", b"\x88", b"\x89", b"\x8a"

NORMAL = CLOSE + b"\x02\x03\xe8"


def accepts(server: Server) -> Peer:
    """Accept a client, and perform the server's side of the handshake."""
    peer = server.accepts()
    head = peer.hears_to(b"\r\n\r\n", 50)
    found = re.search(rb"Sec-WebSocket-Key: (\S+)\r\n", head)
    assert found is not None
    peer.says(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + _token(found[1]) + b"\r\n\r\n"
    )
    return peer


def hears(peer: Peer, opcode: bytes, payload: bytes) -> None:
    """Check that this frame arrives next, masked."""
    if len(payload) < 126:
        peer.hears(opcode + bytes([0x80 | len(payload)]))
    else:
        peer.hears(opcode + b"\xfe" + struct.pack("!H", len(payload)))
    key = peer.sock.recv(4)
    masked = bytes(one ^ key[at % 4] for at, one in enumerate(payload))
    peer.hears(masked)


def frame(opcode: bytes, payload: bytes) -> bytes:
    """Return a frame as a server sends it."""
    return opcode + bytes([len(payload)]) + payload


def masked(opcode: bytes, payload: bytes) -> bytes:
    """Return a frame as a client sends it; its masking key is zero."""
    return opcode + bytes([0x80 | len(payload)]) + bytes(4) + payload


def asks(peer: Peer, target: bytes = b"/", *headers: bytes) -> bytes:
    """Request a WebSocket; return the first line of the answer."""
    lines = [
        b"GET " + target + b" HTTP/1.1",
        b"Host: 127.0.0.1",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Version: 13",
        *headers,
    ]
    peer.says(b"\r\n".join([*lines, b"", b""]))
    return peer.hears_to(b"\r\n\r\n", 10).split(b"\r\n", 1)[0]


def _token(key: bytes) -> bytes:
    """Return the answer to a key (RFC 6455 4.2.2)."""
    return b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
