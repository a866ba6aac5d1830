"""Standard input and output of the broker, over pipes."""

from __future__ import annotations

import os
import tracemalloc
from contextlib import closing

from pync.core.errors import OutputGone
from pync.engine.loop import Loop
from pync.programs.broker.stdio import HIGH_WATER, BrokerStdio
from pync.transports.stdio import Stdio

from ....systems import only_posix


def test_input_and_its_end() -> None:
    reading, typing = os.pipe()
    typed: list[bytes] = []
    with Loop() as loop, Stdio(reading, 1) as stdio:
        broker_stdio = BrokerStdio(loop, stdio, typed.append, lambda: None)
        broker_stdio.listen(True)
        os.write(typing, b"hello")
        loop.run_while(lambda: not typed)
        os.close(typing)
        loop.run_while(lambda: not broker_stdio.ended)
    os.close(reading)
    assert typed == [b"hello", b""]


def test_missing_input_ends_at_once() -> None:
    typed: list[bytes] = []
    with Loop() as loop, Stdio(None, 1) as stdio:
        broker_stdio = BrokerStdio(loop, stdio, typed.append, lambda: None)
        broker_stdio.listen(True)
        broker_stdio.listen(False)
        broker_stdio.listen(True)
    assert (typed, broker_stdio.ended) == ([b""], True)


@only_posix
def test_output_lags_while_it_is_not_read() -> None:
    taking, showing = os.pipe()
    changes: list[bool] = []
    with Loop() as loop, Stdio(None, showing) as stdio:
        broker_stdio = BrokerStdio(
            loop, stdio, lambda _: None, lambda: changes.append(broker_stdio.lags)
        )
        said = bytes(HIGH_WATER * 2)
        broker_stdio.show(said)
        assert changes == [True]
        broker_stdio.show(b"!")
        got = 0
        while got < len(said) + 1:
            loop.call_later(0, lambda: None)
            loop.run_while(iter([True, False]).__next__)
            got += len(os.read(taking, 1 << 20))
    os.close(taking)
    os.close(showing)
    assert changes == [True, False]


@only_posix
def test_small_waiting_pieces_have_no_overhead() -> None:
    taking, showing = os.pipe()
    with Loop() as loop, Stdio(None, showing) as stdio:
        broker_stdio = BrokerStdio(loop, stdio, lambda _: None, lambda: None)
        broker_stdio.show(bytes(1 << 17))
        tracemalloc.start()
        try:
            for _ in range(10_000):
                broker_stdio.show(b"x")
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    os.close(taking)
    os.close(showing)
    assert most < 400_000


def test_closed_reader_is_reported_once() -> None:
    taking, showing = os.pipe()
    os.close(taking)
    changes: list[str] = []
    with Loop() as loop, closing(Stdio(None, showing)) as stdio:
        broker_stdio = BrokerStdio(loop, stdio, lambda _: None, lambda: changes.append("changed"))
        broker_stdio.show(b"x")
        broker_stdio.show(b"y")
        loop.run_while(lambda: broker_stdio.failure is None)
    os.close(showing)
    assert isinstance(broker_stdio.failure, OutputGone)
    assert changes == ["changed"]
