"""The thread that runs select for a loop that has no add_reader()."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from pync import aio
from pync.aio import selecting, waits
from pync.aio.selecting import SelectThread

from .conftest import Run, turn
from .test_conn import ends
from .test_listening import dialled, echo


@pytest.fixture(autouse=True)
def use_select_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selecting, "IDLE", 0.02)
    monkeypatch.setattr(waits, "watcher_of", selecting.thread_of)


def threads_have_ended() -> bool:
    """Whether the threads of the test have ended."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and "_run" in thread.name:
            thread.join(10)
    return not any("(_run)" in thread.name for thread in threading.enumerate())


def test_connections_and_listeners(run: Run) -> None:
    async def talk() -> None:
        left, right = ends()
        async with left, right, await aio.listen("127.0.0.1:0") as listener:
            sending = asyncio.create_task(left.send_all(bytes(4 << 20)))
            assert await right.recv_exactly(4 << 20) == bytes(4 << 20)
            await sending
            with pytest.raises(TimeoutError):
                await right.recv(timeout=0.01)
            serving = asyncio.create_task(listener.serve(echo))
            async with await dialled(listener) as conn:
                for _ in range(3):
                    await conn.send_line(b"hello")
                    assert await conn.recv_line() == b"hello\n"
            listener.close()
            await serving
            waiting = asyncio.create_task(right.recv())
            await turn()
            right.close()
            with pytest.raises(OSError, match=r"."):
                await waiting

    run(talk())
    assert threads_have_ended()


def test_descriptor_closed_while_watched_does_not_stop_the_thread(run: Run) -> None:
    async def talk() -> None:
        watcher = SelectThread(asyncio.get_running_loop())
        bad, end = socket.socketpair()
        watcher.add_reader(bad.fileno(), lambda: None)
        number = bad.fileno()
        bad.close()
        end.close()
        watcher.remove_reader(number)
        watcher.remove_reader(number)
        heard = asyncio.Event()
        good, other = socket.socketpair()
        with good, other:
            watcher.add_reader(good.fileno(), heard.set)
            other.send(b"x")
            await heard.wait()

    run(talk())
    assert threads_have_ended()


def test_closed_loop_is_not_called() -> None:
    async def begin() -> SelectThread:
        return SelectThread(asyncio.get_running_loop())

    watcher = asyncio.run(begin())
    good, other = socket.socketpair()
    with good, other:
        other.send(b"x")
        watcher.add_reader(good.fileno(), lambda: None)
        assert threads_have_ended()
