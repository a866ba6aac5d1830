"""An interrupt ends the waits of other threads; its descriptor exists while they wait."""

from __future__ import annotations

from pync.core.deadline import Deadline
from pync.waiting.interrupt import Interrupt
from pync.waiting.readiness import readable


def test_ring_interrupts_all_waits() -> None:
    interrupt = Interrupt()
    with interrupt.waiting(), interrupt.waiting():
        assert readable((interrupt.fileno(),), Deadline(0)) == []
        assert interrupt.ring()
        for _ in range(2):
            assert readable((interrupt.fileno(),), Deadline(10)) == [interrupt.fileno()]
        assert interrupt.ring()
    assert interrupt.fileno() == -1
    assert not interrupt.ring()


def test_ring_without_waits() -> None:
    interrupt = Interrupt()
    assert not interrupt.ring()
    assert interrupt.fileno() == -1
