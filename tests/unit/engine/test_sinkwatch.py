"""Watching a sink for failures and a closed reader while nothing is written."""

from __future__ import annotations

import os

from pync.engine.loop import Loop
from pync.engine.sinkwatch import SinkWatch
from pync.transports.stdio import Stdio

from ...systems import only_posix


@only_posix
def test_closed_reader_is_reported_once() -> None:
    out, into = os.pipe()
    told: list[str] = []
    with Stdio(None, into) as stdio, Loop() as loop:
        watch = SinkWatch(
            loop, stdio, lambda error: told.append(str(error)), lambda: told.append("")
        )
        watch.start()
        os.close(out)
        loop.run_while(lambda: not told)
        rounds = iter(range(3))
        loop.call_every(0, lambda: None)
        loop.run_while(lambda: next(rounds, None) is not None)
        watch.stop()
        assert watch.reader_gone
    assert told == [""]
    os.close(into)


class Failing(Stdio):
    """A sink that accepted data and then could not deliver it, as on Windows."""

    failure: OSError = OSError("a full disk")

    def __init__(self, telling: int, stdout: int) -> None:
        super().__init__(None, stdout)
        self.telling = telling

    def fault_fds(self) -> tuple[int, ...]:
        return (self.telling,)

    def gone_fds(self) -> tuple[int, ...]:
        return ()

    def send(self, data: bytes | memoryview) -> int:
        raise self.failure


@only_posix
def test_failure_of_the_sink_is_reported() -> None:
    out, into = os.pipe()
    told: list[OSError] = []
    with Failing(out, into) as stdio, Loop() as loop:
        watch = SinkWatch(loop, stdio, told.append, lambda: None)
        watch.start()
        os.write(into, b"x")
        loop.run_while(lambda: not told)
        watch.stop()
    assert told == [Failing.failure]
    os.close(out)
    os.close(into)
