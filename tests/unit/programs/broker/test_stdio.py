"""Standard input and output of a room, over pipes."""

from __future__ import annotations

import os
import tracemalloc
from contextlib import closing

from pync.core.errors import OutputGone
from pync.engine.loop import Loop
from pync.programs.broker.stdio import HIGH_WATER, BrokerStdio
from pync.transports.stdio import Stdio

from ....systems import only_posix


def test_what_is_typed_is_told_until_its_end() -> None:
    reading, typing = os.pipe()
    typed: list[bytes] = []
    with Loop() as loop, Stdio(reading, 1) as stdio:
        desk = BrokerStdio(loop, stdio, typed.append, lambda: None)
        desk.listen(True)
        os.write(typing, b"hello")
        loop.run_while(lambda: not typed)
        os.close(typing)
        loop.run_while(lambda: not desk.ended)
    os.close(reading)
    assert typed == [b"hello", b""]


def test_no_input_is_its_end_at_once() -> None:
    typed: list[bytes] = []
    with Loop() as loop, Stdio(None, 1) as stdio:
        desk = BrokerStdio(loop, stdio, typed.append, lambda: None)
        desk.listen(True)
        desk.listen(False)
        desk.listen(True)
    assert (typed, desk.ended) == ([b""], True)


@only_posix
def test_output_that_nobody_takes_lags_and_then_does_not() -> None:
    taking, showing = os.pipe()
    changes: list[bool] = []
    with Loop() as loop, Stdio(None, showing) as stdio:
        desk = BrokerStdio(loop, stdio, lambda _: None, lambda: changes.append(desk.lags))
        said = bytes(HIGH_WATER * 2)
        desk.show(said)
        assert changes == [True]
        desk.show(b"!")
        got = 0
        while got < len(said) + 1:
            loop.call_later(0, lambda: None)
            loop.run_while(iter([True, False]).__next__)
            got += len(os.read(taking, 1 << 20))
    os.close(taking)
    os.close(showing)
    assert changes == [True, False]


@only_posix
def test_small_pieces_that_wait_cost_no_more_than_their_bytes() -> None:
    taking, showing = os.pipe()
    with Loop() as loop, Stdio(None, showing) as stdio:
        desk = BrokerStdio(loop, stdio, lambda _: None, lambda: None)
        desk.show(bytes(1 << 17))
        tracemalloc.start()
        try:
            for _ in range(10_000):
                desk.show(b"x")
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    os.close(taking)
    os.close(showing)
    assert most < 400_000


def test_a_reader_that_is_gone_is_the_end() -> None:
    taking, showing = os.pipe()
    os.close(taking)
    changes: list[str] = []
    with Loop() as loop, closing(Stdio(None, showing)) as stdio:
        desk = BrokerStdio(loop, stdio, lambda _: None, lambda: changes.append("changed"))
        desk.show(b"x")
        desk.show(b"y")
        loop.run_while(lambda: desk.failure is None)
    os.close(showing)
    assert isinstance(desk.failure, OutputGone)
    assert changes == ["changed"]
