r"""pync: a replacement for netcat and telnet, as a command and as a library.

    with pync.dial("localhost:9000", timeout=5) as conn:
        conn.send_line(b"hello")
        conn.send_eof()
        for line in conn:
            print(line)

Everything is loaded at its first use; importing pync costs almost nothing.
"""

from __future__ import annotations

#: As in typing, whose import would take two milliseconds.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from . import aio, telnet, testing
    from .cli import main
    from .core.address import Address
    from .core.broken import TruncatedError, WebSocketError, WebSocketFailure
    from .core.errors import (
        DialError,
        IdleTimeoutError,
        ListenError,
        NetworkError,
        PyncError,
        RelayError,
        TlsError,
        UnresolvedError,
        UsageError,
    )
    from .core.readahead import IncompleteError, LimitError, ReadTimeoutError
    from .faulty_link import FaultyLink, faulty
    from .library import dial, listen, relay
    from .transports.conn import Conn, StreamConn, TcpConn
    from .transports.datagram import DatagramConn
    from .transports.listener import Listener
    from .transports.tls import TlsListener
    from .transports.websocket import WebSocketConn
    from .transports.websockets import WebSocketListener

    __version__: str

__all__ = [
    "Address",
    "Conn",
    "DatagramConn",
    "DialError",
    "FaultyLink",
    "IdleTimeoutError",
    "IncompleteError",
    "LimitError",
    "ListenError",
    "Listener",
    "NetworkError",
    "PyncError",
    "ReadTimeoutError",
    "RelayError",
    "StreamConn",
    "TcpConn",
    "TlsError",
    "TlsListener",
    "TruncatedError",
    "UnresolvedError",
    "UsageError",
    "WebSocketConn",
    "WebSocketError",
    "WebSocketFailure",
    "WebSocketListener",
    "aio",
    "dial",
    "faulty",
    "listen",
    "main",
    "relay",
    "telnet",
    "testing",
]

#: Public name -> its module.
_HOMES = {
    "main": "cli",
    **dict.fromkeys(("dial", "listen", "relay"), "library"),
    **dict.fromkeys(("FaultyLink", "faulty"), "faulty_link"),
    **dict.fromkeys(("Conn", "StreamConn", "TcpConn"), "transports.conn"),
    "Listener": "transports.listener",
    "DatagramConn": "transports.datagram",
    "TlsListener": "transports.tls",
    "Address": "core.address",
    **dict.fromkeys(("TruncatedError", "WebSocketError", "WebSocketFailure"), "core.broken"),
    "WebSocketConn": "transports.websocket",
    "WebSocketListener": "transports.websockets",
    **dict.fromkeys(("IncompleteError", "LimitError", "ReadTimeoutError"), "core.readahead"),
    **dict.fromkeys(
        (
            "DialError",
            "IdleTimeoutError",
            "ListenError",
            "NetworkError",
            "PyncError",
            "RelayError",
            "TlsError",
            "UnresolvedError",
            "UsageError",
        ),
        "core.errors",
    ),
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "__version__":
        from .core import VERSION

        return VERSION
    if name in ("aio", "telnet", "testing"):
        return import_module(f".{name}", __name__)
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{home}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
