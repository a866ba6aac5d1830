"""Errors that name operation, address and cause; each class has its exit status."""

from __future__ import annotations

import errno
import os

from . import exits
from .typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeVar

    from typing_extensions import Self

    _Error = TypeVar("_Error", bound="NetworkError")


class Cause(str):
    """Why something failed, in lower case, and the system's error behind it.

    Arguments:
        text: the words.
        errno: the number, if there is one.
        kind: the error's class; the one that Python has for the number by default.
    """

    __slots__ = ("errno", "kind")

    errno: int | None
    kind: type[OSError]

    def __new__(  # noqa: D102 - see the class
        cls, text: str, errno: int | None = None, kind: type[OSError] | None = None
    ) -> Self:
        cause = super().__new__(cls, text)
        cause.errno = errno
        cause.kind = kind or (OSError if errno is None else type(OSError(errno, text)))
        return cause


class PyncError(Exception):
    """An error that is reported to the user, in one line.

    Arguments:
        operation: what was tried (``dial``, ``listen``, ``relay``).
        address: the peer's, as the user would write it.
        cause: why it failed, in lower case.
    """

    status = exits.NETWORK
    #: The finer status of a class of another module.
    detailed: int | None = None

    def __init__(self, operation: str, address: object, cause: str) -> None:
        super().__init__(f"{operation} {address}: {cause}")
        self.operation = operation
        self.address = address
        self.cause = cause


class NetworkError(PyncError, OSError):
    """A failure of the network, or of the system.

    It is an OSError with the ``errno`` of the failure, and of the class that Python has for
    that: a refused connection is a ConnectionRefusedError too, one that took too long a
    TimeoutError, a name that does not resolve a ``socket.gaierror``.

    Arguments:
        operation, address, cause: see PyncError; a Cause knows the error behind it.
    """

    def __new__(  # noqa: D102 - see the class
        cls, operation: str, address: object, cause: str, *_: object
    ) -> Self:
        known = cause if isinstance(cause, Cause) else Cause(cause, _NUMBERS.get(cause))
        error = super().__new__(_both(cls, known.kind), f"{operation} {address}: {cause}")
        error.errno = known.errno
        error.strerror = str(cause)
        return error

    def __str__(self) -> str:
        # OSError's own text starts with the number.
        return f"{self.operation} {self.address}: {self.cause}"

    def __reduce__(self) -> tuple[object, ...]:
        # The class may be one that _both has made, which pickle cannot find by name.
        cls = next(one for one in type(self).__mro__ if one not in _MADE.values())
        known = Cause(self.cause, self.errno, getattr(self.cause, "kind", None))
        return _restored, (cls, self.operation, self.address, known, self.__dict__)


#: (error class, OSError's subclass) -> the class that is both.
_MADE: dict[tuple[type, type], type] = {}


def _both(cls: type[_Error], kind: type[OSError]) -> type[_Error]:
    """Return a subclass of both ``cls`` and ``kind``, with the name of ``cls``."""
    if issubclass(cls, kind):
        return cls
    if (cls, kind) not in _MADE:
        names = {"__module__": cls.__module__, "__doc__": cls.__doc__}
        _MADE[cls, kind] = type(cls.__name__, (cls, kind), names)
    made: type[_Error] = _MADE[cls, kind]
    return made


def _restored(
    cls: type[NetworkError], operation: str, address: object, cause: Cause, state: dict[str, object]
) -> NetworkError:
    error = NetworkError.__new__(cls, operation, address, cause)
    error.__dict__.update(state)
    return error


class DialError(NetworkError):
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


class ListenError(NetworkError):
    """A listener could not be made."""


class RelayError(NetworkError):
    """A connection broke while it was in use."""


class IdleTimeoutError(RelayError, TimeoutError):
    """Nothing moved for the time allowed."""


class UnmetError(RelayError):
    """The peer ended before what --until or --count waits for had come.

    Arguments:
        address: the peer's.
    """

    _CAUSE = "the peer ended, and what was awaited had not come"

    def __new__(cls, address: object) -> Self:  # noqa: D102 - see the class
        return super().__new__(cls, "relay", address, cls._CAUSE)

    def __init__(self, address: object) -> None:
        super().__init__("relay", address, self._CAUSE)


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


class QuitTimeoutError(RelayError, TimeoutError):
    """The peer had not ended when the time after our own end was over (ncat's -q)."""


class TlsError(NetworkError):
    """A connection could not be secured."""


class ExecError(PyncError):
    """A command could not be run."""


class ScriptError(PyncError):
    """Something else came than a script expected."""


class OutputError(PyncError):
    """Standard output cannot be written (a full disk, a closed descriptor)."""


class OutputGone(Exception):
    """The reader of standard output has closed; there is no error message."""

    status = exits.OUTPUT_GONE


class UsageError(ValueError):
    """The command line, or an address, makes no sense; the text is the one line shown."""

    status = exits.USAGE


def shortened(text: str, most: int = 60) -> str:
    """Return typed text in quotes, shortened for an error line."""
    return repr(text if len(text) <= most else f"{text[: most - 3]}...")


class Terminated(BaseException):
    """A signal asked the program to end (SIGTERM, SIGHUP, SIGQUIT).

    Arguments:
        number: the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.status = exits.SIGNAL + number


#: The common causes, in the same words on every system.
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
    # pync uses only connected sockets, so an RST has come between two reads.
    errno.ENOTCONN: "connection reset by peer",
    errno.ETIMEDOUT: "timed out",
}


#: The reverse table, for causes that pync finds by a clock and not by an error of the system.
_NUMBERS = {text: number for number, text in _CAUSES.items() if number != errno.ENOTCONN}


def cause_of(error: OSError) -> Cause:
    """Return the cause of an OSError in lower case, for the end of an error line."""
    if isinstance(error, NetworkError):
        return Cause(error.cause, error.errno, getattr(error.cause, "kind", None))
    if isinstance(error, TimeoutError) and not error.errno:
        return Cause("timed out", errno.ETIMEDOUT)
    kind = type(error)
    if error.errno in _CAUSES:
        return Cause(_CAUSES[error.errno], error.errno, kind)
    # gaierror has its own texts and numbers.
    text = error.strerror or (os.strerror(error.errno) if error.errno else str(error))
    # "Connection refused" but not "AF_UNIX path too long".
    text = text if text[1:2].isupper() else text[:1].lower() + text[1:]
    return Cause(text, error.errno, kind)


#: The detailed status of an error by its class; the first that fits.
_DETAILED_CLASSES: tuple[tuple[type[PyncError] | tuple[type[PyncError], ...], int], ...] = (
    (UnresolvedError, exits.NOT_RESOLVED),
    ((IdleTimeoutError, QuitTimeoutError), exits.TIMED_OUT),
    (TlsError, exits.NOT_SECURED),
    (ProxyError, exits.PROXY),
    ((UnmetError, ScriptError), exits.UNMET),
    (ExecError, exits.NOT_RUN),
    (OutputError, exits.NOT_WRITTEN),
)

#: Further causes with Windows named pipes.
NO_PIPE = "there is no such pipe"
PIPE_BUSY = "the pipe is busy"

#: The detailed status of other errors, by their cause.
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
    """Return the exit status that tells causes apart (--exit-codes=detailed)."""
    for kind, status in _DETAILED_CLASSES:
        if isinstance(error, kind):
            return status
    if error.cause in _DETAILED_CAUSES:
        return _DETAILED_CAUSES[error.cause]
    return exits.NOT_LISTENING if isinstance(error, ListenError) else error.detailed or error.status
