"""The command lines: one USAGE per dialect, parsed into one immutable Config.

A dialect also has its own messages for events (``say``) and for errors (``complain``), and its
own exit statuses.
"""

from __future__ import annotations

import os
import sys

from ..core import VERSION, load_module
from ..core.config import Config
from ..core.errors import IdleTimeoutError, ListenError, OutputError, OutputGone, RelayError
from ..core.events import Event
from ..core.typed import Callable, NamedTuple

#: Name (of an executable, in --as, in PYNC_AS) -> module in this package.
DIALECTS = {
    "pync": "pync",
    "nc": "nc",
    "netcat": "nc",
    "nc.traditional": "traditional",
    "busybox": "busybox",
    "ncat": "ncat",
    "telnet": "telnet",
}


#: The causes of errors of getaddrinfo(3), in the words of core/errors.py.
UNRESOLVED = frozenset(
    {
        "name or service not known",
        "no address associated with hostname",
        "temporary failure in name resolution",
        "address family for hostname not supported",
    }
)


class OnStdout(str):
    """A line for standard output; any other is for standard error."""

    __slots__ = ()


#: A message: one line, several, or none.
Said = str | tuple[str, ...] | None


class About(NamedTuple):
    """The answer to -h or --version."""

    text: str
    to_stderr: bool = False
    status: int = 0


class Dialect(NamedTuple):
    """One command line: its USAGE, its parser and its messages.

    ``say`` returns the message for an event: (event, config, whether the user types) -> Said.
    ``complain`` returns the message for an error, ``status`` its exit status; the Config is None
    before parsing has succeeded. ``about`` answers -h and --version. ``prompt``: asks for the words
    when there are none.
    """

    name: str
    usage: str
    parse: Callable[[list[str]], Config]
    say: Callable[[Event, Config, bool], Said]
    complain: Callable[[Exception, Config | None], Said]
    status: Callable[[Exception, Config | None], int]
    about: Callable[[Config], About]
    prompt: str = ""


def load(name: str) -> Dialect:
    """Return the dialect of that name; only its module is imported. KeyError when there is none."""
    module = load_module(f"{__name__}.{DIALECTS[name]}")
    renamed = name != DIALECTS[name]
    return Dialect(
        DIALECTS[name],
        module.USAGE,
        module.parse,
        _named(name, DIALECTS[name], module.say) if renamed else module.say,
        _named(name, DIALECTS[name], module.complain) if renamed else module.complain,
        module.status,
        module.about,
        getattr(module, "PROMPT", ""),
    )


def _named(name: str, own: str, speak: Callable[..., Said]) -> Callable[..., Said]:
    """Return messages that start with the name of the called program, as those of err(3) do."""

    def rename(line: str) -> str:
        return f"{name}: {line[len(own) + 2 :]}" if line.startswith(f"{own}: ") else line

    def say(*about: object) -> Said:
        said = speak(*about)
        if said is None or isinstance(said, OnStdout):
            return said
        return rename(said) if isinstance(said, str) else tuple(rename(line) for line in said)

    return say


def own_status(error: Exception, _config: Config | None) -> int:
    """Return the status of the error's class."""
    status: int = error.status  # type: ignore[attr-defined]
    return status


def netcat_status(error: Exception, config: Config | None) -> int:
    """Return netcat's exit status: 0 once there was a connection, also if it fails later."""
    if isinstance(error, OutputGone):
        return own_status(error, config)
    ended = isinstance(error, (RelayError, IdleTimeoutError))
    return 0 if ended and not isinstance(error, (ListenError, OutputError)) else 1


def as_strerror(cause: str) -> str:
    """Return the cause in the form of strerror(3), for the end of a line."""
    return "Connection timed out" if cause == "timed out" else cause[:1].upper() + cause[1:]


def name_of(host: str) -> str:
    """Return the name of an address of a host; "" if it has none."""
    import socket

    try:
        return socket.getnameinfo((host, 0), socket.NI_NAMEREQD)[0]
    except (OSError, UnicodeError):
        return ""


def about_from(name: str, usage: str) -> Callable[[Config], About]:
    """Return the function for -h (the USAGE) and --version (the name, the version, the folder)."""
    return lambda config: About(usage if config.help else f"{name} {version()}\n")


def version() -> str:
    """Return our version, Python's, and our folder: another ``pync`` may be installed too."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return f"{VERSION} (Python {sys.version.split()[0]}, {here})"
