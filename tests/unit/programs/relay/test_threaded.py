"""A relay in a thread."""

from __future__ import annotations

import threading

import pytest

import pync
from pync.core.address import Address
from pync.programs.relay.spoiling import FaultSetup
from pync.programs.relay.threaded import RelayThread

ANYWHERE = Address("tcp", "127.0.0.1", "0")


def test_call_runs_in_the_thread() -> None:
    relay = RelayThread(Address("tcp", "127.0.0.1", "1"), ANYWHERE, FaultSetup())
    try:
        assert relay.call(threading.current_thread) is not threading.current_thread()

        def fail() -> None:
            raise ZeroDivisionError("as asked")

        with pytest.raises(ZeroDivisionError, match="as asked"):
            relay.call(fail)
        assert relay.call(lambda: 7) == 7
    finally:
        relay.close()
        relay.close()
    assert "pync.faulty" not in {thread.name for thread in threading.enumerate()}


def test_no_thread_is_started_if_the_port_is_in_use() -> None:
    with pync.listen("tcp://127.0.0.1:0") as listener, pytest.raises(pync.ListenError):
        RelayThread(ANYWHERE, listener.address, FaultSetup())
    assert "pync.faulty" not in {thread.name for thread in threading.enumerate()}
