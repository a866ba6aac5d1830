"""After each test: no descriptor, thread or child process that was not there before."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

#: Seconds that a thread or child that is already ending may take to be gone.
GRACE = 5.0


@pytest.fixture(autouse=True)
def leaves_nothing_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaks; the message names what it left."""
    before = _descriptors(), set(threading.enumerate()), _children()
    yield
    until = time.monotonic() + GRACE
    while left := _left(*before):
        gc.collect()
        if time.monotonic() > until:
            pytest.fail(f"{request.node.name} left behind: {', '.join(left)}", pytrace=False)
        # A thread that ends is waited for; there is nothing to join on a child of others.
        for thread in set(threading.enumerate()) - before[1]:
            thread.join(0.05)
        os.sched_yield() if hasattr(os, "sched_yield") else None


def _left(
    descriptors: dict[str, str], threads: set[threading.Thread], children: set[str]
) -> list[str]:
    left = [f"descriptor {fd} ({to})" for fd, to in _descriptors().items() if fd not in descriptors]
    left += [f"thread {one.name}" for one in set(threading.enumerate()) - threads]
    left += [f"process {pid}" for pid in _children() - children]
    return left


def _descriptors() -> dict[str, str]:
    """Open descriptors and what they are (Linux; elsewhere nothing is known)."""
    found: dict[str, str] = {}
    if not sys.platform.startswith("linux"):
        return found
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # the listing's own
    return {fd: to for fd, to in found.items() if not to.startswith(("anon_inode:[eventpoll", "/"))}


def _children() -> set[str]:
    try:
        return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
    except OSError:
        return set()
