"""telnet's command line and messages, as in inetutils' telnet (telnet(1)).

Its messages about the connection go to standard output, as scripts expect; only the end
and errors are on standard error.
"""

from __future__ import annotations

import re

from ..core import VERSION
from ..core.config import Config
from ..core.errors import DialError, OutputGone, PyncError, UsageError
from ..core.events import AttemptFailed, Connected, Event, PeerEnded, Told, Trying
from ..core.server_events import Failed
from . import About, OnStdout, Said
from .argv import ArgvStyle, read

__all__ = ["USAGE", "about", "complain", "parse", "say", "status"]

USAGE = """\
Talk to a host by the TELNET protocol.

Usage:
  telnet [options] [--] [TARGET]...

  telnet HOST [PORT]             connect; on port 23, or with -PORT, begin to negotiate
  telnet                         begin in command mode

Options:
  -4 --ipv4                      IPv4 only.
  -6 --ipv6                      IPv6 only.
  -8 --binary                    Ask for the BINARY option, both ways.
  -a --login                     Offer the user's name to the host.
  -b --bind=ADDRESS              Address to connect from.
  -c --no-rc                     Accepted: no .telnetrc is ever read.
  -d --debug                     Accepted: sockets have nothing to show.
  -e --escape=CHAR               The escape character, as X or ^X.
  -E --no-escape                 No escape character.
  -K --no-login                  Do not offer the user's name.
  -l --user=USER                 Offer USER as the user's name.
  -L --binary-output             Ask for the BINARY option in what is sent.
  -n --trace=FILE                Write what moves to FILE, as a hexadecimal dump.
  -r --rlogin                    A tilde at a line's start is the escape character.
  -x --encrypt                   Accepted: no host is asked for encryption.
  -k --realm=REALM               Accepted: there are no tickets.
  -X --disable-auth=ATYPE        Accepted: no authentication is offered.
  -h --help                      Show this (also -?).
     --usage                     Show the synopsis.
  -V --version                   Show the version.
"""

#: EX_USAGE of sysexits(3).
WRONG_USAGE = 64

#: getopt_long(3)'s texts, in the form of argp.
ARGV_STYLE = ArgvStyle(
    unknown_short="invalid option -- '{0}'",
    unknown_long="unrecognized option '--{0}'",
    ambiguous="option '--{0}' is ambiguous; possibilities: {1}",
    takes_none="option '--{0}' doesn't allow an argument",
    needs_short="option requires an argument -- '{0}'",
    needs_long="option '--{0}' requires an argument",
    accumulates=frozenset({"escape"}),
    # An earlier -e is still announced although -E turns it off.
    overrides={"ipv4": "ipv6", "ipv6": "ipv4", "escape": "no_escape"},
    answers=frozenset({"help", "usage", "version"}),
)

#: Causes for which the C library has other words than pync.
_CAUSES = {"timed out": "Connection timed out"}


class TooManyWords(UsageError):
    """More words than host and port: in telnet not argp, but main() reports this."""

    status = 1


def parse(argv: list[str]) -> Config:
    """Parse a command line. Raises UsageError."""
    fields, words = read(USAGE, ["--help" if word == "-?" else word for word in argv], ARGV_STYLE)
    # "host -23" is a host and a port only after "--", as with getopt.
    config = Config(target=tuple(words), program="telnet", source=fields.get("bind"), **fields)
    if config.usage:
        return config._replace(help=True)
    if len(words) > 2:
        raise TooManyWords("too many arguments")
    return config


def say(event: Event, config: Config, interactive: bool) -> Said:  # noqa: ARG001 - others use it
    """Return the message for an event."""
    if isinstance(event, Trying):
        return OnStdout(f"Trying {event.address.host or event.address.path}...")
    if isinstance(event, Connected):
        return OnStdout(f"Connected to {event.asked}.")
    if isinstance(event, Told):
        return event.text if event.is_error else OnStdout(event.text)
    if isinstance(event, PeerEnded):
        return "Connection closed by foreign host."
    if isinstance(event, AttemptFailed):
        return f"telnet: connect to address {event.address.host}: {_cause(event.cause)}"
    if isinstance(event, Failed):
        return complain(event.error, config)
    return None


def complain(error: Exception, config: Config | None) -> Said:  # noqa: ARG001 - others use it
    """Return the message for an error."""
    if isinstance(error, OutputGone):
        return None
    if isinstance(error, DialError):
        return f"telnet: Unable to connect to remote host: {_cause(error.cause)}"
    if isinstance(error, UsageError) and not isinstance(error, TooManyWords):
        help_line = "Try 'telnet --help' or 'telnet --usage' for more information."
        return f"telnet: {_quoted(str(error))}", help_line
    if isinstance(error, PyncError):
        return f"telnet: {_cause(error.cause)}"
    return f"telnet: {error}"


def status(error: Exception, config: Config | None) -> int:  # noqa: ARG001 - others use it
    """Return the exit status of an error."""
    if isinstance(error, OutputGone):
        return error.status
    if isinstance(error, UsageError):
        return 1 if isinstance(error, TooManyWords) else WRONG_USAGE
    return 1


def about(config: Config) -> About:
    """Return the answer to --help, --usage and --version."""
    if config.usage:
        return About("Usage: telnet [OPTION...] [HOST [PORT]]\n")
    return About(USAGE if config.help else f"telnet (pync) {VERSION}\n")


def _cause(cause: str) -> str:
    return _CAUSES.get(cause, cause[:1].upper() + cause[1:])


def _quoted(text: str) -> str:
    """Return ``--user, --usage`` in the form of getopt: ``'--user' '--usage'``."""
    before, colon, candidates = text.partition("possibilities: ")
    return before + colon + re.sub(r"(--[\w-]+),?", r"'\1'", candidates) if colon else text
