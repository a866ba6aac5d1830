"""The numbers and functions are those of signal."""

from __future__ import annotations

import signal as original

from pync.waiting.signalling import signal


def test_numbers_are_those_of_the_module_signal() -> None:
    for each in original.Signals:
        assert getattr(signal, each.name) == each
    assert original.SIG_DFL == signal.SIG_DFL
    assert original.SIG_IGN == signal.SIG_IGN


def test_handlers_can_be_set_and_read() -> None:
    def handler(_number: int, _frame: object) -> None: ...

    before = signal.signal(signal.SIGTERM, handler)
    try:
        assert original.getsignal(original.SIGTERM) is handler
        assert signal.signal(signal.SIGTERM, signal.SIG_IGN) is handler
        assert signal.getsignal(signal.SIGTERM) == original.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
    assert original.getsignal(original.SIGTERM) == before


def test_pythons_own_handler_is_recognized() -> None:
    assert signal.default_int_handler is original.default_int_handler
