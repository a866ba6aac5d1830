"""busybox nc's command line: words, endings, statuses. Its messages are in messages.py.

There are two programs of that name. Debian builds a small one (-l -p -w -i -f -e), Alpine the
full one, which also has -s -n -u -b -v -o -z -k. They differ when the peer ends,
and in the messages without -v. An option that only the full one has (but -k) makes this the full
one.
"""

from __future__ import annotations

import os
import shlex

from ...core.config import Config
from ...core.endings import Endings, OnPeerEnd
from .. import About
from .. import netcat_status as status
from ..argv import ArgvStyle, read
from .messages import USAGE, BusyboxUsageError, complain, help_text, is_full, say
from .targets import with_address
from .values import VALUES

__all__ = ["USAGE", "about", "complain", "parse", "say", "status"]

ARGV_STYLE = ArgvStyle(
    unknown_short="invalid option -- '{0}'",
    unknown_long="unrecognized option '--{0}'",
    needs_short="option requires an argument -- '{0}'",
    accumulates=frozenset({"verbose", "listen"}),
    answers=frozenset({"help"}),
    error=BusyboxUsageError,
)


def parse(argv: list[str]) -> Config:
    """Parse a command line. Raises UsageError."""
    # As `busybox nc ...`, the name of the applet comes first.
    words = argv[1:] if argv[:1] == ["nc"] else argv
    if "-f" in words:
        raise BusyboxUsageError("-f is not supported: only sockets are")
    words, program = _with_program(words)
    fields, words = read(USAGE, words, ARGV_STYLE, VALUES)
    if fields.get("help"):
        return Config(help=True)
    listens, fields["exec"] = fields.pop("listen", 0), program
    config = Config(
        target=tuple(words),
        listen=bool(listens),
        happy_eyeballs=False,
        dump_form="netcat",
        verifies=False,
        **fields,
    )
    # Without -e there is one client.
    stays = program is not None and config.listen and (config.keep_open or listens > 1)
    config = with_address(config)
    full = is_full(config)
    return config._replace(
        keep_open=stays,
        allow=_expected(config),
        accept_timeout=config.wait if config.listen else None,
        program=_program(config),
        endings=Endings(silence=2 * config.wait if full and config.wait else None),
        on_peer_end=_on_peer_end(full),
    )


def about(_config: Config) -> About:
    """Return the answer to --help, on standard error, with status 0."""
    return About(f"{help_text()}\n", to_stderr=True)


#: Letters that may stand before an e in one word.
_FLAGS = "-lknubvz"


def _with_program(words: list[str]) -> tuple[list[str], str | None]:
    """Return the words before -e, and the command after it."""
    for at, word in enumerate(words):
        if word == "--":
            break
        if word.startswith("-") and not word.startswith("--") and "e" in word:
            before, _, glued = word.partition("e")
            if set(before) - set(_FLAGS):
                continue
            command = [glued] * bool(glued) + words[at + 1 :]
            if not command:
                raise BusyboxUsageError("option requires an argument -- 'e'")
            return [*words[:at], *([before] if before != "-" else [])], _joined(command)
    return words, None


def _joined(command: list[str]) -> str:
    if os.name != "nt":
        return shlex.join(command)
    import subprocess

    return subprocess.list2cmdline(command)


def _expected(config: Config) -> tuple[str, ...]:
    """Return the host from which a listener of the full nc accepts clients."""
    return config.target[:1] if config.listen and is_full(config) else ()


def _program(config: Config) -> str:
    if config.exec is not None:
        return "executor"
    if config.listen:
        return "server"
    return "scan" if config.zero_io else "client"


def _on_peer_end(full: bool) -> OnPeerEnd:
    # The small one ends at once; pync does not cut off a file, or a pipe that still has data.
    return OnPeerEnd(terminal="stay") if full else OnPeerEnd(pipe="waiting")
