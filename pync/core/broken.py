"""The errors of connections and outputs that break while they are in use."""

from __future__ import annotations

import errno

from . import exits
from .errors import (
    Cause,
    NetworkError,
    OutputError,
    OutputGone,
    PyncError,
    RelayError,
    TlsError,
    cause_of,
)

#: The cause for a handshake that took too long, with TLS and with proxies.
HANDSHAKE_TIMED_OUT = Cause("the handshake timed out", errno.ETIMEDOUT)


def over_tls(address: object) -> str:
    """Return an address in the form for errors of TLS and DTLS."""
    text = str(address)
    if text.startswith("udp"):
        return f"dtls{text[text.index(':') :]}"
    return text.replace("tcp:", "tls:", 1)


class TlsFailure(OSError):
    """TLS failed on an established connection; the text is the cause."""


class TruncatedError(TlsFailure):
    """The peer ended the connection without close_notify (RFC 8446 6.1)."""

    # The text is an argument, as for every OSError, because copies and NetworkError pass it on.
    def __init__(
        self, text: str = "the peer ended without close_notify: data may be missing"
    ) -> None:
        super().__init__(text)


class WebSocketFailure(OSError):
    """A WebSocket was closed, or has failed; the text is the cause.

    Arguments:
        code: of the close (RFC 6455 7.4); 1006: there was none.
    """

    def __init__(self, text: str, code: int = 1006) -> None:
        super().__init__(text)
        self.code = code


class WebSocketError(NetworkError):
    """The error to report for a WebSocketFailure, or a WebSocket that could not be opened.

    Arguments:
        operation, address, cause: see PyncError.
        code: of the close.
    """

    detailed = exits.WEBSOCKET

    def __init__(self, operation: str, address: object, cause: str, code: int = 1006) -> None:
        super().__init__(operation, address, cause)
        self.code = code


class FaultError(ConnectionResetError):
    """A fault of the link (``--fault``) ends the connection by RST, not one of its sides."""

    def __init__(
        self, code: int = errno.ECONNRESET, text: str = "reset by a fault of the link"
    ) -> None:
        super().__init__(code, text)


class TlsTruncatedError(TlsError):
    """The error to report for a TruncatedError: received data may be incomplete."""


def broken(address: object, error: OSError) -> PyncError:
    """Return the error to report when a connection in use has failed.

    Arguments:
        address: the peer's address.
        error: the error of recv or send.
    """
    if isinstance(error, TruncatedError):
        return TlsTruncatedError("relay", over_tls(address), str(error))
    if isinstance(error, TlsFailure):
        return TlsError("relay", over_tls(address), str(error))
    if isinstance(error, WebSocketFailure):
        return WebSocketError("relay", over_websocket(address), str(error), error.code)
    return RelayError("relay", address, cause_of(error))


def over_websocket(address: object) -> str:
    """Return an address in the form for errors of a WebSocket."""
    return str(address).replace("tcp:", "ws:", 1)


def unwritten(error: OSError) -> OutputError | OutputGone:
    """Return the error for an output that cannot be written; OutputGone if its reader has closed.

    Arguments:
        error: of transports/descriptors.py's write: BrokenPipeError on Windows too.
    """
    if isinstance(error, BrokenPipeError):
        return OutputGone()
    return OutputError("write", "standard output", cause_of(error))
