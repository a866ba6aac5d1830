"""Measuring programs: they run as whole processes, in turn, and their cost is recorded.

Time is wall-clock time; CPU and memory are the kernel's figures for each process (wait4(2)).
This module does not depend on what is measured.
"""

from __future__ import annotations

import hashlib
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

#: Seconds after which a measurement counts as failed.
PATIENCE = 60.0

#: Seconds between two checks of a program's memory.
LOOK = 0.02


class Sample(NamedTuple):
    """One measurement: seconds, CPU seconds, maximum of resident bytes, units moved."""

    seconds: float
    cpu: float = 0.0
    memory: int = 0
    amount: float = 0.0


class Failed(Exception):
    """A program did not do what was to be measured; the text says what."""


class Running:
    """A started program."""

    def __init__(self, words: list[str], **streams: object) -> None:
        self.words = words
        self.process = subprocess.Popen(words, **{"stderr": subprocess.DEVNULL, **streams})  # type: ignore[call-overload]
        self.cpu = 0.0
        self.memory = 0
        self._over = False

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._over:
            # Not Popen.kill: it would reap a child that has ended, and its figures would be lost.
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
            self.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def wait(self) -> int:
        """Wait for its end; return its status. Raises Failed when it takes too long."""
        end = time.monotonic() + PATIENCE
        self.look_at_memory()
        looked = time.monotonic()
        try:
            pid, status, used = os.wait4(self.process.pid, os.WNOHANG)
        except ChildProcessError:
            raise Failed("it died") from None
        pause = 0.0002
        while not pid:
            if time.monotonic() > end:
                self.process.kill()
            time.sleep(pause)
            pause = min(0.002, pause * 2)
            if time.monotonic() - looked > LOOK:
                self.look_at_memory()
                looked = time.monotonic()
            pid, status, used = os.wait4(self.process.pid, os.WNOHANG)
        self._over = True
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu = used.ru_utime + used.ru_stime
        if time.monotonic() > end:
            raise Failed("took too long")
        return int(self.process.returncode)

    def stop(self) -> None:
        """Kill it."""
        self.look_at_memory()
        self.process.kill()
        self.wait()

    def look_at_memory(self) -> None:
        """Record its maximum of memory."""
        # Not ru_maxrss: it counts the pages of the parent process (getrusage(2), vfork(2)).
        with suppress(OSError):
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            found = re.search(r"VmHWM:\s+(\d+) kB", status)
            self.memory = max(self.memory, int(found.group(1)) * 1024 if found else 0)

    def resident(self) -> int:
        """Return the bytes that are resident now (proc_pid_statm)."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()


@contextmanager
def running(words: list[str], **streams: object) -> Iterator[Running]:
    """Start a program; end it and wait for it at the end of the block."""
    with Running(words, **streams) as program:
        yield program


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """Return a port that is free now."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def await_listener(port: int, protocol: str = "tcp") -> None:
    """Wait until a program listens on a port, without connecting to it (proc_net_tcp)."""
    state = b"0A" if protocol == "tcp" else b"07"
    pattern = re.compile(rb":%04X [0-9A-F]+:0000 %s " % (port, state))
    v4, v6 = (Path(f"/proc/net/{protocol}{suffix}") for suffix in ("", "6"))

    def listens() -> bool:
        if pattern.search(v4.read_bytes()):
            return True
        # ncat listens on :: first, and then on 0.0.0.0.
        is_v6 = v6.exists() and bool(pattern.search(v6.read_bytes()))
        return is_v6 and (protocol == "udp" or _takes_both(port))

    _until(listens)


def _takes_both(port: int) -> bool:
    """Return whether a listener of IPv6 accepts clients over IPv4 too (ipv6(7), IPV6_V6ONLY)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def await_path(path: Path) -> None:
    """Wait until a program listens on a Unix socket."""
    ending = b" " + os.fsencode(path)

    def listens() -> bool:
        lines = Path("/proc/net/unix").read_bytes().splitlines()
        return any(line.endswith(ending) and b" 00010000 " in line for line in lines)

    _until(listens)


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        if time.monotonic() > end:
            raise Failed("never listened")
        time.sleep(0.001)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            whole.update(piece)
    return whole.hexdigest()


class Compared(NamedTuple):
    """One program's samples and ours, taken in turn."""

    name: str
    ours: list[Sample]
    theirs: list[Sample]

    def ratios(self, of: Callable[[Sample], float] = lambda sample: sample.seconds) -> list[float]:
        """Return theirs divided by ours, in pairs, for each unit moved: above 1 we are better."""
        pairs = zip(self.ours, self.theirs)
        return [
            (of(their) / (their.amount or 1)) / (of(our) / (our.amount or 1))
            for our, their in pairs
            if of(our) > 0
        ]


def spread(values: list[float]) -> tuple[float, float, float]:
    """Return the lowest, the median and the highest value."""
    return min(values), statistics.median(values), max(values)
