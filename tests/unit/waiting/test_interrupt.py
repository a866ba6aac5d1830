"""Ringing ends the waits of other threads; the descriptor lives as long as they do."""

from __future__ import annotations

from pync.core.deadline import Deadline
from pync.waiting.interrupt import Interrupt
from pync.waiting.readiness import readable


def test_a_ring_is_heard_by_all_who_wait() -> None:
    interrupt = Interrupt()
    with interrupt.waiting(), interrupt.waiting():
        assert readable((interrupt.fileno(),), Deadline(0)) == []
        assert interrupt.ring()
        for _ in range(2):
            assert readable((interrupt.fileno(),), Deadline(10)) == [interrupt.fileno()]
        assert interrupt.ring()
    assert interrupt.fileno() == -1
    assert not interrupt.ring()


def test_where_nobody_waits_it_is_over_at_once() -> None:
    interrupt = Interrupt()
    assert not interrupt.ring()
    assert interrupt.fileno() == -1
