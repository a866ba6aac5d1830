"""Using a connection, for client and server.

First the script runs, if there is one (``--expect``); then the user talks. The bytes that move
are recorded if the user wants it.
"""

from __future__ import annotations

import time

from ...core.endings import Endings, OnPeerEnd
from ...core.events import Finished, Progressed, Report
from ...core.typed import TYPE_CHECKING, Callable, NamedTuple
from ...engine.pipeline import Pipeline, Tap
from ...engine.relay import relay
from ...transports.conn import Conn
from ...transports.stdio import Stdio

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType

    from ...core.endings import WhenPeerEnds
    from ...core.script import Script
    from ...engine.record import Recorder

#: Talks over a connection until its end. Returns whether the awaited bytes were received
#: (--until, --count): then no other client is served. Raises PyncError, OutputGone.
Talk = Callable[[Conn], bool]


class TalkSetup(NamedTuple):
    """The parameters for the use of a connection.

    ``pipeline``: makes the pipeline of one connection. ``recorder``: opens the files that record
    the bytes. ``script``: the file of --expect. ``progress``: report how much has moved.
    """

    endings: Endings = Endings()
    on_peer_end: OnPeerEnd = OnPeerEnd()
    pipeline: Callable[[], Pipeline] = Pipeline
    recorder: Callable[[], Recorder] | None = None
    script: str | None = None
    progress: bool = False


def talking(setup: TalkSetup, stdio: Stdio, report: Report) -> AbstractContextManager[Talk]:
    """Return a context with the function that talks; its script and record files are open.

    Raises UsageError, OutputError.
    """
    return _Talking(setup, stdio, report)


class _Talking:
    def __init__(self, setup: TalkSetup, stdio: Stdio, report: Report) -> None:
        self._setup = setup
        self._stdio = stdio
        self._report = report
        self._recording = recording(setup.recorder)

    def __enter__(self) -> Talk:
        setup, stdio, report = self._setup, self._stdio, self._report
        on_peer_end: WhenPeerEnds = getattr(setup.on_peer_end, stdio.kind)
        setup = setup._replace(endings=setup.endings._replace(on_peer_end=on_peer_end))
        script = _script(setup.script)
        tap = self._recording.__enter__()
        return lambda conn: _talk(setup, stdio, conn, report, script, tap)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._recording.__exit__(kind, error, trace)


def _script(path: str | None) -> Script | None:
    if path is None:
        return None
    from .script_player import load

    return load(path)


def recording(recorder: Callable[[], Recorder] | None) -> AbstractContextManager[Tap | None]:
    """Return a context with the tap that records the bytes, or None without a recorder.

    Raises OutputError.
    """
    return _Recording(recorder)


class _Recording:
    def __init__(self, recorder: Callable[[], Recorder] | None) -> None:
        self._make = recorder
        self._recorder: Recorder | None = None

    def __enter__(self) -> Tap | None:
        if self._make is None:
            return None
        self._recorder = self._make().__enter__()
        return self._recorder.tap

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._recorder is not None:
            self._recorder.__exit__(kind, error, trace)


def _talk(
    setup: TalkSetup,
    stdio: Stdio,
    conn: Conn,
    report: Report,
    script: Script | None,
    tap: Tap | None,
) -> bool:
    endings = setup.endings
    if script is not None:
        from .script_player import play

        played = play(script, conn, stdio.show, tap)
        endings = endings._replace(shutdown=endings.shutdown and not played.sent_eof)
        if not played.interact:
            if not (played.closed or (played.sent_eof and played.peer_ended)):
                _part(stdio, conn, not played.sent_eof)
            return False
    shows_sent: Callable[[bytes], None] | None = getattr(stdio, "shows_sent", None)
    if shows_sent is not None:
        tap = _with_screen(tap, shows_sent)
    pipeline = setup.pipeline()
    if tap is not None:
        pipeline = pipeline._replace(tap=tap)
    if setup.progress:
        total = stdio.size
        pipeline = pipeline._replace(meter=lambda moved: report(Progressed(*moved, total)))
    began = time.monotonic()
    moved = relay(stdio, conn, endings, pipeline, report)
    report(Finished(conn.peer, moved.sent, moved.received, time.monotonic() - began))
    return pipeline.until is not None and pipeline.until.met


def _with_screen(tap: Tap | None, shows_sent: Callable[[bytes], None]) -> Tap:
    """Return a tap that also shows sent bytes. Raises OutputGone, OutputError."""

    def both(direction: str, data: bytes) -> None:
        if tap is not None:
            tap(direction, data)
        if direction == "sent":
            try:
                shows_sent(data)
            except OSError as error:
                from ...core.broken import unwritten

                raise unwritten(error) from None

    return both


def _part(stdio: Stdio, conn: Conn, shutdown: bool) -> None:
    """End our direction, wait until all sent bytes have arrived, and finish."""
    with stdio.without_input() as nobody:
        relay(nobody, conn, Endings(shutdown=shutdown, leave_when_sent=True))
