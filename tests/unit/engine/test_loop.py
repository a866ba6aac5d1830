"""The loop: readiness and timers."""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
from functools import partial

import pytest

from pync.engine import loop as loop_module
from pync.engine.loop import Loop
from pync.waiting import readiness

NO_EPOLL = pytest.mark.skipif(not hasattr(select, "epoll"), reason="only on Linux: epoll")


@pytest.fixture(params=["few", pytest.param("crowd", marks=NO_EPOLL)], autouse=True)
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run every test with few descriptors (poll) and with many (epoll)."""
    if request.param == "crowd":
        monkeypatch.setattr(loop_module, "CROWD", 1)
    return str(request.param)


def test_timers_run_in_order_of_time() -> None:
    ran: list[str] = []
    with Loop() as loop:
        loop.call_later(0.02, lambda: ran.append("later"))
        loop.call_later(0.0, lambda: ran.append("now"))
        loop.run_while(lambda: len(ran) < 2)
    assert ran == ["now", "later"]


def test_one_call_in_turn_per_round_between_ready_descriptors() -> None:
    ran: list[str] = []
    left, right = socket.socketpair()
    with left, right, Loop() as loop:
        right.send(b"x")
        loop.watch_reader(left.fileno(), lambda: ran.append("ready"))
        for name in ("first", "second"):
            loop.call_in_turn(partial(ran.append, name))
        loop.run_while(lambda: "second" not in ran)
    assert ran == ["ready", "first", "ready", "second"]


def test_call_in_turn_without_ready_descriptors() -> None:
    ran: list[str] = []
    with Loop() as loop:
        loop.call_in_turn(lambda: loop.call_in_turn(lambda: ran.append("again")))
        loop.run_while(lambda: not ran)


def test_cancelled_timer_does_not_run() -> None:
    ran: list[str] = []
    with Loop() as loop:
        cancelled = loop.call_later(0.0, lambda: ran.append("cancelled"))
        cancelled.cancel()
        cancelled.cancel()
        loop.call_later(0.01, lambda: ran.append("other"))
        loop.run_while(lambda: not ran)
    assert ran == ["other"]


def test_cancelled_timers_do_not_accumulate() -> None:
    """Each of thousands of short connections cancels a time-out of half a minute."""
    ran: list[str] = []
    with Loop() as loop:
        loop.call_later(0.01, lambda: ran.append("the one that stayed"))
        for _ in range(100 * loop_module.MANY_TIMERS):
            loop.call_later(30, lambda: ran.append("cancelled")).cancel()
        assert len(loop._timers) <= 2 * loop_module.MANY_TIMERS
        loop.run_while(lambda: not ran)
    assert ran == ["the one that stayed"]


def test_timers_with_equal_times_run_in_order_of_creation(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []
    with Loop() as loop:
        monkeypatch.setattr("time.monotonic", lambda: 0.0)
        for number in range(20):
            loop.call_later(0, partial(ran.append, number))
        loop.run_while(lambda: len(ran) < 20)
    assert ran == list(range(20))


def test_readers_and_writers_of_one_descriptor() -> None:
    seen: set[str] = set()
    left, right = socket.socketpair()
    with left, right, Loop() as loop:
        loop.watch_reader(left.fileno(), lambda: seen.add("readable"))
        loop.watch_writer(left.fileno(), lambda: seen.add("writable"))
        loop.run_while(lambda: not seen)
        assert seen == {"writable"}
        right.send(b"x")
        loop.run_while(lambda: len(seen) < 2)
        loop.watch_writer(left.fileno(), None)
        seen.clear()
        loop.run_while(lambda: not seen)
        assert seen == {"readable"}


def test_callback_can_stop_another_watch_in_the_same_round() -> None:
    called: list[str] = []
    with Loop() as loop:
        pairs = [socket.socketpair() for _ in range(2)]
        for index, (left, right) in enumerate(pairs):
            other = pairs[1 - index][0].fileno()

            def stop_the_other(index: int = index, other: int = other) -> None:
                called.append(f"reader {index}")
                loop.watch_reader(other, None)

            right.send(b"x")
            loop.watch_reader(left.fileno(), stop_the_other)
        loop.run_while(lambda: not called)
        for left, right in pairs:
            left.close()
            right.close()
    assert len(called) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: handles have no lowest number")
def test_reused_descriptor_number_does_not_get_an_old_event() -> None:
    """Two are ready; the first callback closes the other descriptor, and its number is reused."""
    called: list[str] = []
    with Loop() as loop:
        pairs = [socket.socketpair(), socket.socketpair()]
        fresh: list[socket.socket] = []

        def replace(other: socket.socket) -> None:
            called.append("first")
            number = other.fileno()
            for left, _ in pairs:
                loop.watch_reader(left.fileno(), None)
            other.close()
            left, right = socket.socketpair()
            fresh.extend((left, right))
            assert number in (left.fileno(), right.fileno())
            loop.watch_reader(number, lambda: called.append("a stranger's"))

        for index, (left, right) in enumerate(pairs):
            other = pairs[1 - index][0]
            right.send(b"x")
            loop.watch_reader(left.fileno(), partial(replace, other))
        loop.run_while(lambda: not called)
        for sock in (*pairs[0], *pairs[1], *fresh):
            sock.close()
    assert called == ["first"]


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: Windows waits for sockets")
def test_regular_file_is_always_ready(tmp_path: os.PathLike[str]) -> None:
    ready: list[bool] = []
    descriptor = os.open(os.path.join(tmp_path, "file"), os.O_RDWR | os.O_CREAT)
    with Loop() as loop:
        loop.watch_reader(descriptor, lambda: ready.append(True))
        loop.run_while(lambda: not ready)
    os.close(descriptor)
    assert ready


def test_removing_an_unknown_watch_does_nothing() -> None:
    with Loop() as loop:
        loop.watch_reader(-1, None)
        loop.watch_writer(-1, None)


def test_call_every_repeats_until_cancelled() -> None:
    calls: list[int] = []
    with Loop() as loop:
        timer = loop.call_every(0.001, lambda: calls.append(len(calls)))
        loop.run_while(lambda: len(calls) < 3)
        timer.cancel()
        loop.call_later(0.01, lambda: calls.append(-1))
        loop.run_while(lambda: -1 not in calls)
    assert calls == [0, 1, 2, -1]


@NO_EPOLL
def test_many_descriptors_use_epoll(monkeypatch: pytest.MonkeyPatch) -> None:
    """With epoll(7), idle clients add no cost to an event of another; poll(2) is not called."""
    heard: list[bytes] = []
    with Loop() as loop:
        pairs = [socket.socketpair() for _ in range(100)]
        for left, _ in pairs:
            loop.watch_reader(left.fileno(), partial(lambda left: heard.append(left.recv(9)), left))
        monkeypatch.setattr(readiness._Poll, "select", None)
        for number in (0, 99):
            pairs[number][1].send(b"%d" % number)
            loop.run_while(lambda number=number: b"%d" % number not in heard)  # type: ignore[misc]
        for left, right in pairs:
            loop.watch_reader(left.fileno(), None)
            left.close()
            right.close()
    assert heard == [b"0", b"99"]


@NO_EPOLL
def test_watches_from_before_the_switch_to_epoll_still_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop_module, "CROWD", 3)
    heard: list[int] = []
    with Loop() as loop:
        pairs = [socket.socketpair() for _ in range(5)]
        for number, (left, right) in enumerate(pairs):
            right.send(b"x")

            def hear(number: int = number, left: socket.socket = left) -> None:
                heard.append(number)
                loop.watch_reader(left.fileno(), None)

            loop.watch_reader(left.fileno(), hear)
        loop.run_while(lambda: len(heard) < 5)
        for left, right in pairs:
            left.close()
            right.close()
    assert sorted(heard) == [0, 1, 2, 3, 4]


@NO_EPOLL
def test_poll_is_kept_if_epoll_cannot_be_created(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(loop_module, "CROWD", 1)
    monkeypatch.setattr(readiness, "for_a_crowd", none_left)
    heard: list[bytes] = []
    left, right = socket.socketpair()
    with left, right, Loop() as loop:
        right.send(b"x")
        loop.watch_reader(left.fileno(), lambda: heard.append(left.recv(1)))
        loop.run_while(lambda: not heard)
    assert heard == [b"x"]
