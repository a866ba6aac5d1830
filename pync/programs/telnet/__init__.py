"""The telnet program: one connection at a time, and a command mode (``^]``).

Modules: user (switches between these two), session (a connection), commands, escapes and
settings (what the user may type and set), abilities (the options that a host may use), console,
terminal and signals (the user's side).
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
    """Talk to the host, or execute commands. Raises OutputError, OutputGone."""
    with Loop() as loop, terminal_of(stdio.read_fds()) as terminal:
        if setup.trace is None:
            return User(loop, setup, stdio, report, terminal, None, execute).run()
        from ...engine.record import Recorder

        with Recorder(None, setup.trace) as recorder:
            return User(loop, setup, stdio, report, terminal, recorder.tap, execute).run()
