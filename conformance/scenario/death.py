"""The end of a server: in an orderly way, or by a death that explains what its clients saw."""

from __future__ import annotations

import signal

from ..core.transcript import Transcript
from ..core.verdict import Violation
from ..targets.process import Process
from .server_time import INTERVAL, ServerTime, let_settle

#: Kinds of violation whose cause may be the server's death. The suite then waits DYING seconds
#: for the server's end, so that the message names the cause and not a symptom.
MAY_HAVE_DIED = frozenset(
    {
        "refused",
        "no-handshake",
        "ended-early",
        "reset-early",
        "closed-early",
        "rst-instead-of-fin",
        "extra-bytes",
    }
)

DYING = 2.0

#: Seconds that a server may take to handle the last actions of its clients: without the time in
#: which it waits for a processor, and in total.
SETTLING, SETTLING_MOST = 1.0, 10.0

#: How many times longer a server may take to end if it has to wait for a processor.
STARVED = 3

#: The exit statuses of a server that ended because of SIGTERM.
ORDERLY = frozenset({0, 128 + signal.SIGTERM, -signal.SIGTERM})


def ends_in_order(process: Process, within: float, transcript: Transcript) -> None:
    """End a server by SIGTERM, within this many seconds. Raises Violation."""
    # On a busy machine, the server may not have noticed that a client left: lighttpd, for example,
    # ends with status 1 if a connection is still open.
    let_settle(process, SETTLING, SETTLING_MOST)
    transcript.note("server", "SIGTERM")
    process.terminate()
    if not _ends(process, within):
        raise Violation("ignores-sigterm", f"the server still runs {within:g} s after SIGTERM")
    transcript.note("server", process.ending)
    if process.status not in ORDERLY:
        raise Violation(
            "wrong-status",
            f"SIGTERM ended the server with {process.ending}; "
            "0, 143 or the signal itself was awaited",
        )


def _ends(process: Process, within: float) -> bool:
    """Return whether a process ends within so many seconds of its own time."""
    patience = ServerTime(process, within, STARVED * within)
    ended = process.wait(within)
    while not ended and not patience.is_over():
        ended = process.wait(INTERVAL)
    return ended


def check_alive(process: Process) -> None:
    """Raise Violation, with the last lines of the server, if it has died."""
    if not process.alive:
        violation = Violation("died", f"the server died ({process.ending})")
        violation.server_output = process.last_lines()
        raise violation


def explain(violation: Violation, process: Process) -> None:
    """Change a violation to "the server died" if the server has died, with its last lines."""
    if violation.kind in MAY_HAVE_DIED:
        process.wait(DYING)
    if not process.alive:
        violation.kind = "died"
        violation.summary = f"the server died ({process.ending}): {violation.summary}"
        violation.server_output = process.last_lines()
