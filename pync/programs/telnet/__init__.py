"""The telnet program: one connection at a time, and a command mode (``^]``).

Modules: user (which of the two is on), session (a connection), commands, escapes and
settings (what may be typed and set), abilities (which options a host may use), console, terminal
and signals (the person's side).
"""

from __future__ import annotations

from ...core.events import Report
from ...engine.loop import Loop
from ...transports.stdio import Stdio
from .commands import execute
from .settings import TelnetSetup
from .terminal import terminal_of
from .user import User


def run(setup: TelnetSetup, stdio: Stdio, report: Report) -> int:
    """Talk to the host, or take commands. Raises OutputError, OutputGone."""
    with Loop() as loop, terminal_of(stdio.read_fds()) as terminal:
        if setup.trace is None:
            return User(loop, setup, stdio, report, terminal, None, execute).run()
        from ...engine.record import Recorder

        with Recorder(None, setup.trace) as recorder:
            return User(loop, setup, stdio, report, terminal, recorder.tap, execute).run()
