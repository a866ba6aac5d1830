"""Talking: what client and server do with a connection once they have it.

First the script, if there is one (``--expect``); then the user. What moves is recorded
if that was asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...core.config import Config, Endings
from ...core.events import Finished, Progressed, Report
from ...core.script import Script
from ...engine.pipeline import Tap
from ...engine.relay import relay
from ...transports.conn import Conn
from ...transports.stdio import Stdio
from .pipeline import pipeline_of

#: Talks over a connection until it is over. Returns whether what was awaited has come
#: (--until, --count): then nobody else has to be served. Raises PyncError, OutputGone.
Talk = Callable[[Conn], bool]


@contextmanager
def talking(config: Config, stdio: Stdio, report: Report) -> Iterator[Talk]:
    """What to do with each connection; the script is read and the records are open.

    Raises UsageError, OutputError.
    """
    script = _script(config)
    with recording(config) as tap:
        yield lambda conn: _talk(config, stdio, conn, report, script, tap)


def _script(config: Config) -> Script | None:
    if config.expect is None:
        return None
    from .script_player import load

    return load(config.expect)


@contextmanager
def recording(config: Config) -> Iterator[Tap | None]:
    """What sees the bytes that move, if that was asked for. Raises OutputError."""
    if config.output is None and config.hex_dump is None:
        yield None
        return
    from ...engine.record import Recorder

    with Recorder(
        config.output,
        config.hex_dump,
        append=config.append_output,
        timestamps=config.timestamps,
    ) as recorder:
        yield recorder.tap


def _talk(
    config: Config,
    stdio: Stdio,
    conn: Conn,
    report: Report,
    script: Script | None,
    tap: Tap | None,
) -> bool:
    on_peer_end: str = getattr(config.on_peer_end, stdio.kind)
    endings = config.endings._replace(on_peer_end=on_peer_end)
    if script is not None:
        from .script_player import play

        played = play(script, conn, stdio.stdout, tap)
        endings = endings._replace(shutdown=endings.shutdown and not played.sent_eof)
        if not played.interact:
            if not (played.sent_eof and played.peer_ended):
                _part(stdio, conn, not played.sent_eof)
            return False
    pipeline = pipeline_of(config)._replace(tap=tap)
    if config.progress:
        total = stdio.size
        pipeline = pipeline._replace(meter=lambda moved: report(Progressed(*moved, total)))
    began = time.monotonic()
    moved = relay(stdio, conn, endings, pipeline, report)
    report(Finished(conn.peer, moved.sent, moved.received, time.monotonic() - began))
    return pipeline.until is not None and pipeline.until.met


def _part(stdio: Stdio, conn: Conn, shutdown: bool) -> None:
    """End our direction, see that what was sent arrives, and leave."""
    with Stdio(None, stdio.stdout) as nobody:
        relay(nobody, conn, Endings(shutdown=shutdown, leave_when_sent=True))
