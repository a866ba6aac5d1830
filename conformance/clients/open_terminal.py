"""Open a terminal with a client program: choose the program, its arguments and its manners.

By default the client is pync; ``--client`` replaces it by another program.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..core.conduct import LF, Conduct
from ..core.transcript import Transcript
from ..core.verdict import NotJudged, SuiteFailed, WrongUsage
from ..targets.address import DATAGRAMS, PIPE, TLS, UDP, UDP6, UNIX, Address
from ..targets.grammar import fill
from .piped_terminal import PipedTerminal
from .terminal import CLOSED, Manners, Terminal

MANNERS = {
    "pync": Manners(True, CLOSED, True, b"connection reset by peer", True),
    "telnet": Manners(True, CLOSED, False, CLOSED, False),
    "ncat": Manners(False, None, True, None, True),
    "nc": Manners(False, None, False, None, True),
    "socat": Manners(True, None, True, None, True),
}


UNKNOWN = Manners(False, None, False, None, False)


#: Transport -> the options of pync, besides the address.
_OPTIONS = {TLS: ["--ssl", "--insecure", "--shutdown"], UDP: ["-u"], UDP6: ["-u"]}


def open_terminal(
    client: str | None,
    address: Address,
    transcript: Transcript,
    deadline: float,
    conduct: Conduct,
) -> Terminal:
    """Open a terminal with the client program on it.

    Arguments:
        client: a command line; HOST and PORT are added unless it contains placeholders;
            None is pync.
        conduct: the service's words for the text that is typed and seen.
    Raises NotJudged if the client cannot use this transport, judging by its command line;
    WrongUsage if it is not installed.
    """
    if client is None:
        where = ["-U", address.path] if address.transport == UNIX else _where(address)
        where = [str(address)] if address.transport == PIPE else where
        where = _OPTIONS.get(address.transport, []) + where
        where = where if conduct.eol == LF else ["--crlf", *where]
        argv = [sys.executable, "-m", "pync", *where]
        # The screen also shows pync's message about the certificate, which it does not verify.
        manners = MANNERS["pync"]._replace(exact=address.transport != TLS)
        if sys.platform == "win32":
            halves = address.transport != PIPE
            return PipedTerminal(argv, manners, transcript, deadline, conduct, half_closes=halves)
        return Terminal(argv, manners, transcript, deadline, conduct)
    check_there_are_terminals()
    words = tuple(shlex.split(client))
    values = {"host": address.host, "port": str(address.port), "path": address.path}
    filled = fill(words, values)
    if address.transport == UNIX and "{path}" not in client:
        raise NotJudged(f"--client {words[0]!r}: the command has no {{path}} for a Unix socket")
    if address.transport in DATAGRAMS and not re.search(r"-\w*u\b|--udp", client):
        raise NotJudged(f"--client {words[0]!r}: add the command's option for UDP, such as -u")
    if address.transport == TLS and not re.search(r"tls|ssl", client):
        raise NotJudged(f"--client {words[0]!r}: add the command's option for TLS, such as --ssl")
    if filled == list(words):
        filled += _where(address)
    _check_installed(filled)
    return Terminal(filled, manners_of(words), transcript, deadline, conduct)


def check_there_are_terminals() -> None:
    """Raise NotJudged on Windows, where pexpect has no terminals."""
    if sys.platform == "win32":
        raise NotJudged("needs a terminal (PTY), and Windows has none")


def check_client(client: str | None) -> None:
    """Check that the client program runs, so that its faults are not blamed on the server.

    Raises WrongUsage if it is not installed, SuiteFailed if it is pync and does not run.
    """
    if client is not None:
        _check_installed(shlex.split(client))
        return
    argv = [sys.executable, "-m", "pync", "--version"]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=60)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        raise SuiteFailed(f"the client on the terminal, pync, does not run: {said[-1]}")


def _check_installed(words: Sequence[str]) -> None:
    if not words or shutil.which(words[0]) is None:
        raise WrongUsage(f"--client {' '.join(words)!r}: this command is not installed")


def manners_of(words: tuple[str, ...]) -> Manners:
    """Return the manners of a client, by the name of its program and its options."""
    manners = MANNERS.get(Path(words[0]).name, UNKNOWN)
    if Path(words[0]).name == "nc" and any(re.fullmatch(r"-\w*N\w*", word) for word in words):
        return manners._replace(half_closes=True)
    return manners


def _where(address: Address) -> list[str]:
    return [address.host, str(address.port)]
