"""The terminal of a client program: what is on it is ended with it."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("only on POSIX: terminals", allow_module_level=True)

import pexpect

from conformance.terminal import hang_up

#: Ends by SIGKILL alone.
STUBBORN = """
import signal
for number in (signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # forkpty beside xdist's threads
def test_a_program_that_ignores_the_hangup_is_seen_to_its_end() -> None:
    child = pexpect.spawn(sys.executable, ["-c", STUBBORN], timeout=30)
    # As on a busy machine: its end is looked for before it can have come.
    child.ptyproc.delayafterterminate = 0
    # (the whole line: its write would fail if the terminal went in the middle of it)
    child.expect_exact(b"deaf\r\n")
    hang_up(child)
    assert child.closed
    assert child.signalstatus == 9
    hang_up(child)
