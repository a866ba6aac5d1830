"""Talking: what client and server do with a connection once they have it.

First the script, if there is one (``--expect``); then the user.
"""

from __future__ import annotations

from ..core.config import Config, Endings
from ..core.events import Progressed, Report
from ..core.script import Script
from ..engine.relay import relay
from ..transports.conn import Conn
from ..transports.stdio import Stdio
from .common import tuning_of


def script_of(config: Config) -> Script | None:
    """The script that was asked for. Raises UsageError."""
    if config.expect is None:
        return None
    from .playing import load

    return load(config.expect)


def talk(
    config: Config, stdio: Stdio, conn: Conn, report: Report, script: Script | None = None
) -> bool:
    """Talk until it is over.

    Returns whether what was awaited has come (--until, --count): then nobody else has to
    be served. Raises PyncError, OutputGone.
    """
    endings = config.endings
    if script is not None:
        from .playing import play

        played = play(script, conn, stdio.write_fd())
        endings = endings._replace(shutdown=endings.shutdown and not played.sent_eof)
        if not played.interact:
            if not (played.sent_eof and played.peer_ended):
                _part(stdio, conn, not played.sent_eof)
            return False
    tuning = tuning_of(config)
    if config.progress:
        total = stdio.size
        tuning = tuning._replace(meter=lambda moved: report(Progressed(*moved, total)))
    relay(stdio, conn, endings, tuning, report)
    return tuning.until is not None and tuning.until.met


def _part(stdio: Stdio, conn: Conn, shutdown: bool) -> None:
    """End our direction, see that what was sent arrives, and leave."""
    with Stdio(None, stdio.write_fd()) as nobody:
        relay(nobody, conn, Endings(shutdown=shutdown, leave_when_sent=True))
