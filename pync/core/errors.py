"""Errors that name operation, address and cause; each class carries its exit status."""

from __future__ import annotations

import errno
import os

from . import exits


class PyncError(Exception):
    """Something that a person must be told, in one line.

    Arguments:
        operation: what was tried (``dial``, ``listen``, ``relay``).
        address: with whom, as the user would write it.
        cause: why it failed, in lower case.
    """

    status = exits.NETWORK

    def __init__(self, operation: str, address: object, cause: str) -> None:
        super().__init__(f"{operation} {address}: {cause}")
        self.operation = operation
        self.address = address
        self.cause = cause


class DialError(PyncError):
    """A connection could not be made.

    Arguments:
        operation, address, cause: see PyncError.
        attempts: every socket address that was tried, and why it failed.
    """

    def __init__(
        self,
        operation: str,
        address: object,
        cause: str,
        attempts: tuple[tuple[object, str], ...] = (),
    ) -> None:
        super().__init__(operation, address, cause)
        self.attempts = attempts


class UnresolvedError(DialError):
    """The name has no address."""


class ListenError(PyncError):
    """A listener could not be made."""


class RelayError(PyncError):
    """A connection broke while it was in use."""


class IdleTimeoutError(RelayError):
    """Nothing moved for the time allowed."""


class UnmetError(RelayError):
    """The peer ended before what --until or --count waits for had come.

    Arguments:
        address: the peer's.
    """

    def __init__(self, address: object) -> None:
        super().__init__("relay", address, "the peer ended, and what was awaited had not come")


class ProxyError(PyncError):
    """A proxy refused, or did not speak its protocol.

    Arguments:
        operation, address, cause: see PyncError.
        http_status: what an HTTP proxy answered, if it did.
        answer: the line in which it did.
        code: what went wrong in the handshake (layers/handshake.py), for dialects.
    """

    def __init__(
        self,
        operation: str,
        address: object,
        cause: str,
        http_status: int | None = None,
        answer: str = "",
        code: str = "",
    ) -> None:
        super().__init__(operation, address, cause)
        self.http_status = http_status
        self.answer = answer
        self.code = code


class QuitTimeoutError(RelayError):
    """The peer had not ended when the time after our own end was over (ncat's -q)."""


class TlsError(PyncError):
    """A connection could not be secured."""


class ExecError(PyncError):
    """A command could not be run."""


class ScriptError(PyncError):
    """Something else came than a script expected."""


class OutputError(PyncError):
    """Standard output cannot be written (a full disk, a closed descriptor)."""


class OutputGone(Exception):  # noqa: N818 - an end, not a mistake
    """The reader of standard output is gone; nobody is left to be told."""

    status = exits.OUTPUT_GONE


class UsageError(Exception):
    """The command line makes no sense; the text is the one line shown."""

    status = exits.USAGE


class Terminated(BaseException):
    """A signal asked the program to end (SIGTERM, SIGHUP, SIGQUIT).

    Arguments:
        number: the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.status = exits.SIGNAL + number


#: The causes that people meet, in the same words on every system.
_CAUSES = {
    errno.EADDRINUSE: "address already in use",
    errno.EADDRNOTAVAIL: "cannot assign requested address",
    errno.EBADF: "bad file descriptor",
    errno.ECONNABORTED: "connection aborted",
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by peer",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network is unreachable",
    errno.ENOENT: "no such file or directory",
    errno.ENOSPC: "no space left on device",
    errno.EPIPE: "connection closed by the peer",
    # It was connected, or nothing would be asked of it: its RST came while nobody read.
    errno.ENOTCONN: "connection reset by peer",
    errno.ETIMEDOUT: "timed out",
}


def cause_of(error: OSError) -> str:
    """The cause of an OSError in lower case, as it ends an error line."""
    if isinstance(error, TimeoutError) and not error.errno:
        return "timed out"
    if error.errno in _CAUSES:
        return _CAUSES[error.errno]
    # gaierror brings its own text and numbers of its own.
    text = error.strerror or (os.strerror(error.errno) if error.errno else str(error))
    # "Connection refused" but not "AF_UNIX path too long".
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


#: The finer status of an error, by its class; the first that fits.
_DETAILED_CLASSES: tuple[tuple[type[PyncError], int], ...] = (
    (UnresolvedError, exits.NOT_RESOLVED),
    (IdleTimeoutError, exits.TIMED_OUT),
    (QuitTimeoutError, exits.TIMED_OUT),
    (TlsError, exits.NOT_SECURED),
    (ProxyError, exits.PROXY),
    (UnmetError, exits.UNMET),
    (ScriptError, exits.UNMET),
    (ExecError, exits.NOT_RUN),
    (OutputError, exits.NOT_WRITTEN),
)

#: What a Windows named pipe can fail with besides.
NO_PIPE = "there is no such pipe"
PIPE_BUSY = "the pipe is busy"

#: The finer status of any other, by its cause.
_DETAILED_CAUSES = {
    _CAUSES[errno.ECONNREFUSED]: exits.REFUSED,
    _CAUSES[errno.ENOENT]: exits.REFUSED,
    NO_PIPE: exits.REFUSED,
    PIPE_BUSY: exits.TIMED_OUT,
    _CAUSES[errno.EHOSTUNREACH]: exits.UNREACHABLE,
    _CAUSES[errno.ENETUNREACH]: exits.UNREACHABLE,
    _CAUSES[errno.ETIMEDOUT]: exits.TIMED_OUT,
    _CAUSES[errno.ECONNRESET]: exits.BROKEN,
    _CAUSES[errno.ECONNABORTED]: exits.BROKEN,
    _CAUSES[errno.EPIPE]: exits.BROKEN,
}


def detailed_status(error: PyncError) -> int:
    """The exit status that tells causes apart (--exit-codes=detailed)."""
    for kind, status in _DETAILED_CLASSES:
        if isinstance(error, kind):
            return status
    if error.cause in _DETAILED_CAUSES:
        return _DETAILED_CAUSES[error.cause]
    return exits.NOT_LISTENING if isinstance(error, ListenError) else error.status
