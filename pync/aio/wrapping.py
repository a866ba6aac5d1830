"""The class under asyncio for a connection of transports/."""

from __future__ import annotations

from ..transports import conn as blocking
from ..transports.websocket import WebSocketConn as BlockingWebSocket
from .conn import ByteConn, Conn, DatagramConn, StreamConn
from .websocket import WebSocketConn


def wrapped(conn: blocking.Conn) -> Conn:
    """Return a connection under asyncio, of the class for its kind."""
    if conn.datagram:
        return DatagramConn(conn)
    if isinstance(conn, BlockingWebSocket):
        return WebSocketConn(conn)
    return StreamConn(conn) if hasattr(conn, "send_eof") else ByteConn(conn)
