"""A server process of the suite: its time can be stopped and continued."""

from __future__ import annotations

import mmap
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.targets.ports import reserved_port
from conformance.targets.process import STOPPING, Process, dismiss_helpers

from ..programs import until
from ..systems import only_posix

#: A thread, in this process or in a child, counts as fast as it can in a memory-mapped file. The
#: first thread, which gets the signal, sleeps.
COUNTS = """
import mmap, os, sys, threading
if sys.argv[2] == "child" and os.fork():
    os.wait()
def count_up():
    with open(sys.argv[1], "r+b") as file, mmap.mmap(file.fileno(), 8) as count:
        number = 0
        while True:
            number += 1
            count[:] = number.to_bytes(8, "little")
threading.Thread(target=count_up).start()
threading.Event().wait()
"""


#: Processes that share a listener. Each one has much memory, which takes time to free; only
#: after that the kernel closes its files.
SHARES = """
import os, socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
first = os.getpid()
for _ in range(10):
    if os.getpid() == first:
        os.fork()
if os.getpid() != first:
    memory = bytearray(8 * 1024 * 1024)
    for at in range(0, len(memory), 4096):
        memory[at] = 1
    threading.Event().wait()
print(f"LISTENING tcp://127.0.0.1:{listener.getsockname()[1]}")
threading.Event().wait()
"""


@contextmanager
def running(code: str, *words: str) -> Iterator[Process]:
    process = Process([sys.executable, "-c", code, *words], {})
    try:
        yield process
    finally:
        process.stop()
        dismiss_helpers()


@only_posix
@pytest.mark.parametrize("who", ["thread", "child"])
def test_stopped_process_uses_no_cpu_time(tmp_path: Path, who: str) -> None:
    path = tmp_path / "count"
    path.write_bytes(bytes(8))
    with (
        running(COUNTS, str(path), who) as process,
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ) as count,
    ):
        until(lambda: any(count[:]), "the program to count")
        for _ in range(100):
            process.pause()
            stopped_at = count[:]
            for _ in range(1000):
                os.sched_yield()
            assert count[:] == stopped_at
            process.resume()
            until(lambda before=stopped_at: count[:] != before, "it to go on")  # type: ignore[misc]


@only_posix
def test_stopping_an_ended_process_is_immediate() -> None:
    with running("") as process:
        process.wait(10)
        began = time.monotonic()
        process.pause()
        assert time.monotonic() - began < STOPPING / 2


def memory_of(process: Process) -> float:
    usage = process.usage()
    return usage.memory if usage else float("inf")


@only_posix
def test_killed_server_has_ended_before_its_restart() -> None:
    with reserved_port() as port, running(SHARES, str(port)) as process:
        assert process.wait_announcement(30)
        until(lambda: memory_of(process) > 10 * 8 * 2**20, "the memory to be taken")
        process.kill(30)
        # SO_REUSEADDR does not help while another process listens there.
        socket.create_server(("127.0.0.1", port)).close()


#: Threads end all the time.
SHORT_LIVED = """
import threading
while True:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
"""


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only on Linux: schedstat")
def test_busy_loop_uses_cpu_time_and_sleep_does_not() -> None:
    with running("while True: pass") as process:
        until(lambda: all(process.runs() for _ in range(50)), "a busy loop")
    with running("import threading; threading.Event().wait()") as process:
        until(lambda: not process.runs(), "a process that waits")


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only on Linux: schedstat")
def test_thread_that_ends_during_the_measurement_is_ignored() -> None:
    with running(SHORT_LIVED) as process:
        assert None not in [process.running_time() for _ in range(500)]
