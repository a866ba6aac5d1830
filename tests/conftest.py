"""Leak check: after each test, everything that it opened, started or set must be gone.

A test may not leave a new descriptor, thread, child process or signal handler. Resources of
fixtures of a wider scope exist before the test. Descriptors and children are checked on Linux
only, threads and handlers everywhere.
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

# If the environment forbids bytecode files (many containers do), every program under test would
# compile all of its modules again: 60 ms for each start of pync, 800 ms for the suite. Under Wine,
# the Python for Windows shares this tree with Linux's, and must not touch the other's bytecode.
if os.name != "nt":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False

# Many containers set this too. It hides failures of a program whose reader has gone: no text is
# left in the buffer of its standard output.
os.environ.pop("PYTHONUNBUFFERED", None)

# Node parses all of these certificates at each start, which takes 80 ms; no test needs them.
os.environ.pop("NODE_EXTRA_CA_CERTS", None)

#: Seconds that an ending thread or child may take to disappear: more than a closed named pipe waits
#: for the peer to read (LINGER in pync/transports/windows/pipe_conn.py).
GRACE = 15.0

#: The signals whose handlers a test must restore.
SIGNALS = ("SIGPIPE", "SIGINT", "SIGTERM", "SIGHUP", "SIGCHLD", "SIGUSR1", "SIGWINCH")

#: Seconds to wait at a time for an ending thread.
MOMENT = 0.02


def pytest_configure(config: pytest.Config) -> None:
    """Programs under test must not inherit ignored signals: SIGHUP under nohup, SIGINT and
    SIGQUIT in the background of a script.
    """
    for name in ("SIGHUP", "SIGQUIT"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "long: takes more than ten seconds, and is started first")
    # Hypothesis' deadline means nothing for a run that waited for a CPU.
    settings.register_profile("pync", deadline=None)
    settings.load_profile("pync")
    try:
        import resource
    except ImportError:  # Windows
        return
    # A program killed by SIGQUIT would leave a core file in the working directory.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exclude the collected tests, which live until the end, from garbage collections.

    Each worker collects all tests. The garbage collector used two fifths of that time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start long tests first, so that no worker runs them alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True)
def leaves_nothing_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaks; the message names the leak."""
    before = _descriptors(), set(threading.enumerate()), _children(), _handlers()
    yield
    until = time.monotonic() + GRACE
    while left := _left(*before):
        if time.monotonic() > until:
            pytest.fail(f"{request.node.name} left behind: {', '.join(left)}", pytrace=False)
        gc.collect()  # a reference cycle with a traceback may still hold a socket
        for thread in set(threading.enumerate()) - before[1]:
            thread.join(MOMENT)


def _left(
    descriptors: dict[str, str],
    threads: set[threading.Thread],
    children: set[str],
    handlers: dict[str, object],
) -> list[str]:
    # A descriptor number with a different file was closed and reused: this is also a leak.
    left = [
        f"descriptor {number} ({what})"
        for number, what in _descriptors().items()
        if descriptors.get(number) != what
    ]
    left += [f"thread {one.name}" for one in set(threading.enumerate()) - threads]
    left += [f"process {pid} ({_command(pid)})" for pid in _children() - children]
    # Otherwise a later test could be killed by the signal, or ignore one that must end it.
    left += [f"handler of {name}" for name, one in _handlers().items() if handlers[name] != one]
    return left


def _handlers() -> dict[str, object]:
    """The handlers of signals that tests change."""
    return {
        name: signal.getsignal(getattr(signal, name)) for name in SIGNALS if hasattr(signal, name)
    }


def _descriptors() -> dict[str, str]:
    """The open descriptors and their files."""
    found: dict[str, str] = {}
    if not sys.platform.startswith("linux"):
        return found
    for number in os.listdir("/proc/self/fd"):
        try:
            found[number] = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue  # the descriptor of the listing itself
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
