"""After each test: what it opened, started or set is gone again.

No descriptor, thread, child process or signal handler may stay that was not there before. What
fixtures of a wider scope hold was there before. Descriptors and children are known on Linux
only; threads and handlers everywhere.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Where the environment forbids bytecode (many containers do), every program under test would
# compile all of its modules again: 60 ms of a start of pync, 800 ms of one of the suite. Windows'
# Python shares this tree with Linux' under Wine, and must leave the other's bytecode alone.
if os.name != "nt":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False

#: Seconds that a thread or child that is already ending may take to be gone.
GRACE = 5.0

#: The signals whose handlers a test has to restore.
SIGNALS = ("SIGPIPE", "SIGINT", "SIGTERM", "SIGHUP", "SIGCHLD", "SIGUSR1", "SIGWINCH")

#: A moment, in seconds, to wait for one thread that ends.
MOMENT = 0.02


def pytest_configure(config: pytest.Config) -> None:
    """Programs under test must hear what they inherit as ignored: under nohup SIGHUP, in the
    background of a script SIGINT and SIGQUIT.
    """
    for name in ("SIGHUP", "SIGQUIT"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "long: takes more than ten seconds, and is started first")
    # Of a run that waited for a processor the deadline says nothing.
    settings.register_profile("pync", deadline=None)
    settings.load_profile("pync")
    try:
        import resource
    except ImportError:  # Windows
        return
    # A program that dies of SIGQUIT would leave a core file where the tests are run.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep garbage collections away from the collected tests, which stay until the end.

    Each worker collects all tests. The garbage collector took two fifths of that time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start what takes long first: no worker is to be left with it when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True)
def leaves_nothing_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaks; the message names what it left."""
    before = _descriptors(), set(threading.enumerate()), _children(), _handlers()
    yield
    until = time.monotonic() + GRACE
    while left := _left(*before):
        if time.monotonic() > until:
            pytest.fail(f"{request.node.name} left behind: {', '.join(left)}", pytrace=False)
        gc.collect()  # a cycle with an exception's traceback in it may still hold a socket
        for thread in set(threading.enumerate()) - before[1]:
            thread.join(MOMENT)


def _left(
    descriptors: dict[str, str],
    threads: set[threading.Thread],
    children: set[str],
    handlers: dict[str, object],
) -> list[str]:
    # A number that now stands for something else was closed and taken again: as much a leak.
    left = [
        f"descriptor {number} ({what})"
        for number, what in _descriptors().items()
        if descriptors.get(number) != what
    ]
    left += [f"thread {one.name}" for one in set(threading.enumerate()) - threads]
    left += [f"process {pid} ({_command(pid)})" for pid in _children() - children]
    # A later test would die by the signal, or survive what has to end it.
    left += [f"handler of {name}" for name, one in _handlers().items() if handlers[name] != one]
    return left


def _handlers() -> dict[str, object]:
    """The handlers of the signals that tests change."""
    return {
        name: signal.getsignal(getattr(signal, name)) for name in SIGNALS if hasattr(signal, name)
    }


def _descriptors() -> dict[str, str]:
    """Open descriptors and what they are."""
    found: dict[str, str] = {}
    if not sys.platform.startswith("linux"):
        return found
    for number in os.listdir("/proc/self/fd"):
        try:
            found[number] = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue  # the listing's own
    return found


def _children() -> set[str]:
    try:
        return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
    except OSError:
        return set()


def _command(pid: str) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "gone"
    return " ".join(words).strip() or "ended, but nobody waited for it"
