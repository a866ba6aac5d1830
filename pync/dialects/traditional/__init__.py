"""The command line of the first netcat (Debian's nc.traditional): words, endings, statuses.

Its messages are in messages.py. Its end of input does not become FIN, unless -q is given, and it
ends as soon as the peer ends.
"""

from __future__ import annotations

import os
import shlex

from ...core.config import Config
from ...core.endings import Endings, OnPeerEnd
from .. import About
from .. import netcat_status as status
from ..argv import ArgvStyle, read
from .messages import HELP, TraditionalOptionError, complain, say, summary
from .targets import with_address
from .values import VALUES

__all__ = ["PROMPT", "USAGE", "about", "complain", "parse", "say", "status"]

USAGE = """\
Usage:
  nc.traditional [options] [--] [TARGET]...

Options:
  -c --sh-exec=COMMANDS          Run commands by /bin/sh on the connection.
  -e --exec=FILENAME             Run a program, without words, on the connection.
  -b --broadcast                 Allow broadcasts.
  -g --loose-route=GATEWAY       Go by this host; up to 8 of them.
  -G --route-pointer=NUM         Which of them is next: 4, 8, 12, ..., 28.
  -h --help                      Show this.
  -i --interval=SECS             Pause between lines sent, or between ports scanned.
  -k --keepalive                 Set SO_KEEPALIVE.
  -l --listen                    Listen.
  -n --nodns                     Look up no names.
  -o --hex-dump=FILE             Write a hexadecimal dump of what moves.
  -p --source-port=PORT          Port to connect from; with -l, to listen on.
  -r --random-ports              Ports in random order.
  -q --quit-after=SECS           Send FIN when the input ends, and leave so long after.
  -s --source=ADDR               Address to connect from; with -l, to listen on.
  -T --tos=TOS                   Type of service.
  -t --telnet                    Answer telnet's negotiation.
  -u --udp                       UDP.
  -v --verbose                   Say more; twice: say all.
  -w --wait=SECS                 Give up after so long without a connection, or, when the input
                                 is over, after twice as long without data.
  -C --crlf                      Send CR LF for LF.
  -z --zero-io                   Only see whether ports are open.
"""

#: The prompt when there are no words.
PROMPT = "Cmd line: "

ARGV_STYLE = ArgvStyle(
    unknown_short="invalid option -- '{0}'",
    needs_short="option requires an argument -- '{0}'",
    longs=False,
    accumulates=frozenset({"verbose", "loose_route"}),
    answers=frozenset({"help"}),
    error=TraditionalOptionError,
)


def parse(argv: list[str]) -> Config:
    """Parse a command line. Raises UsageError."""
    fields, words = read(USAGE, argv, ARGV_STYLE, VALUES)
    if fields.get("help"):
        return Config(help=True)
    config = Config(
        target=tuple(words), happy_eyeballs=False, verifies=False, dump_form="netcat", **fields
    )
    config = with_address(config._replace(exec=_program_of(config.exec)))
    return config._replace(
        # Data of other hosts than the named one is never read.
        allow=tuple(words[:1]) if config.listen else (),
        accept_timeout=config.wait if config.listen else None,
        program=_program(config),
        endings=_endings(config),
        on_peer_end=OnPeerEnd(pipe="waiting"),
    )


def about(_config: Config) -> About:
    """Return the answer to -h, on standard error, with status 0."""
    return About(f"{HELP}\n{summary(USAGE)}\n", to_stderr=True)


def _program_of(name: str | None) -> str | None:
    """Return the program of -e: a path of one file, without a search in PATH."""
    if name is None or os.name == "nt":
        return name
    return shlex.quote(name if "/" in name else f"./{name}")


def _program(config: Config) -> str:
    if config.exec is not None or config.sh_exec is not None:
        return "executor"
    if config.listen:
        return "server"
    return "scan" if config.zero_io else "client"


def _endings(config: Config) -> Endings:
    waits = config.quit_after is not None and config.quit_after >= 0
    return Endings(
        shutdown=waits,
        quit_after=config.quit_after if waits else None,
        silence=None if config.wait is None else 2 * config.wait,
    )
