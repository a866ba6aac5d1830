"""Hints: what the user probably meant, and what to do about an error. Pure.

A hint changes nothing: it is only added to the line about an error.
"""

from __future__ import annotations

import re
import sys

from ...core import SUITE_COMMANDS
from ...core.config import Config
from ...core.errors import DialError, ListenError, PyncError, UnresolvedError
from ...core.number import is_digits
from ..argv import options_in
from .usage import USAGE

#: The required similarity of a typing error and an option (difflib): lower for an explicit "--".
_LONG, _BUNDLE = 0.6, 0.75

#: The number of names in a line.
FEW = 5

#: A bundle with so many letters or more may be a long option with a missing dash.
_LETTERS = 4


def with_meaning(said: str, argv: list[str]) -> str:
    """Return the message about a wrong command line, with what the user probably meant."""
    typed = argv[: argv.index("--")] if "--" in argv else argv
    if any(word == "--as" or word.startswith("--as=") for word in typed):
        return "--as must come first: pync --as=NAME ..."
    command = _suite_command_meant(typed)
    if command is not None:
        return f"{said} (did you mean pync conformance {command}?)"
    meant = next(filter(None, map(_option_meant, typed)), None)
    if meant is not None:
        return f"{said} (did you mean {meant}?)"
    several = re.search(r"^(option --\S+ is ambiguous) \((.*)\)$", said)
    if several is not None:
        return f"{several[1]}: {_first_few(several[2].split(', '))}"
    if said.startswith("unknown option"):
        return f"{said} (pync -h for help)"
    missing = re.search(r"requires an argument (?:-- '(\w)'|--([\w-]+))$", said)
    return _needs_value(missing[1] or missing[2]) if missing else said


def _suite_command_meant(typed: list[str]) -> str | None:
    """Return the suite's command that the wrong ``pync conformance WORD`` resembles."""
    if typed[:1] != ["conformance"] or len(typed) < 2 or is_digits(typed[1]):
        return None
    from difflib import get_close_matches

    return next(iter(get_close_matches(typed[1], sorted(SUITE_COMMANDS), 1)), None)


def _first_few(names: list[str]) -> str:
    if len(names) <= FEW:
        return " or ".join(names)
    return f"{', '.join(names[:FEW])} and {len(names) - FEW} more (pync -h)"


def _option_meant(word: str) -> str | None:
    """Return the long option that a wrong word resembles."""
    name, _, _ = word.lstrip("-").partition("=")
    if word.startswith("--"):
        cutoff = _LONG
    elif word.startswith("-") and len(name) >= _LETTERS and name.isalpha():
        cutoff = _BUNDLE
    else:
        return None
    longs = [option.long for option in options_in(USAGE)]
    if not name or (word.startswith("--") and any(long.startswith(name) for long in longs)):
        return None
    from difflib import get_close_matches

    found = get_close_matches(name, longs, 1, cutoff)
    return f"--{found[0]}" if found else None


def _needs_value(name: str) -> str:
    found = re.search(r"^ +(-\w )?--(?:[\w-]+)=(\S+)", _described(name), re.MULTILINE)
    shown = f"-{name}" if len(name) == 1 else f"--{name}"
    value = found[2] if found else "VALUE"
    return f"option {shown} requires an argument: {shown}{' ' if len(name) == 1 else '='}{value}"


def _described(name: str) -> str:
    """Return the line of the USAGE about an option."""
    pattern = rf"^ +-{name} .*$" if len(name) == 1 else rf"^ .*--{name}=.*$"
    found = re.search(pattern, USAGE, re.MULTILINE)
    return found[0] if found else ""


#: Linux needs a kernel module for SCTP.
_NO_PROTOCOL = "SCTP is a module of the kernel: modprobe sctp"

#: The cause of a failed connection -> what to check.
_ABOUT_DIALLING = {
    "connection refused": "is a server listening there?",
    "cannot assign requested address": "this machine has no such source address",
    "protocol not supported": _NO_PROTOCOL,
    "address family for hostname not supported": "-4 and -6 allow one family of addresses",
}


def advice(error: PyncError, config: Config | None) -> str | None:
    """Return what the user can do about an error of the network, or None."""
    if isinstance(error, ListenError):
        return _about_listening(error, config)
    if not isinstance(error, DialError):
        return None
    if isinstance(error, UnresolvedError) and error.cause == "name or service not known":
        return "check the spelling of the host name"
    if error.cause.startswith("unknown service"):
        return "write a port number, or a service of /etc/services"
    return _ABOUT_DIALLING.get(error.cause)


def _about_listening(error: ListenError, config: Config | None) -> str | None:
    port = config.address.service if config is not None and config.address is not None else ""
    if error.cause == "address already in use" and is_digits(port):
        return _who_listens(port, datagrams=config is not None and config.udp)
    if error.cause.startswith("unknown service") and config is not None and len(config.target) == 1:
        return f"give a port too: pync -l {config.target[0]} PORT"
    if error.cause == "cannot assign requested address":
        if config is not None and config.address is not None and config.address.scheme == "vsock":
            return "this machine has no such CID; CID 1 needs the kernel module vsock_loopback"
        return "this machine has no such address"
    if error.cause == "protocol not supported":
        return _NO_PROTOCOL
    if error.cause == "permission denied" and is_digits(port):
        return "ports below 1024 are root's"
    return None


def _who_listens(port: str, *, datagrams: bool) -> str:
    if sys.platform.startswith("linux"):
        return f"see which program has it: ss -{'u' if datagrams else 't'}lnp 'sport = :{port}'"
    if sys.platform == "win32":
        return f"see which program has it: netstat -ano | findstr :{port}"
    return f"see which program has it: lsof -nP -i :{port}"
