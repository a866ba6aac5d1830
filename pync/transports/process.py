"""Commands of the user as child processes: their words, their variables, their end.

A shell is used only if the user asks for one. child.py has the class of a running child.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable

from ..core.address import Address
from ..core.deadline import Deadline
from ..core.errors import ExecError
from .child import GRACE, Process


def words_of(command: str, *, shell: bool) -> list[str]:
    """Return the words of a command: to run a shell, or split as a shell would split them.

    On Windows a program gets the whole command line, so it is returned as one word.

    Raises ExecError.
    """
    if sys.platform == "win32":
        return [_line_of(command, shell=shell)]
    if shell:
        return ["/bin/sh", "-c", command]
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ExecError("exec", command, str(error).lower()) from None
    if not words:
        raise ExecError("exec", repr(command), "the command is empty")
    return words


def _line_of(command: str, *, shell: bool) -> str:
    if shell:
        # /s: cmd removes the outer quotes; all others belong to the command (cmd /?).
        return f'{os.environ.get("COMSPEC", "cmd.exe")} /d /s /c "{command}"'
    if not command.strip():
        raise ExecError("exec", repr(command), "the command is empty")
    from .windows.process import refuse_batch

    refuse_batch(command.strip())
    return command.strip()


def start(words: list[str], environment: dict[str, str], *, session: bool = False) -> Process:
    """Start a child.

    Arguments:
        words: from words_of.
        environment: variables added to ours.
        session: see Process.
    Raises ExecError.
    """
    if sys.platform == "win32":
        from .windows.process import WindowsProcess

        return WindowsProcess(words[0], environment)
    return Process(words, environment, session=session)


def end_all(processes: Iterable[Process]) -> None:
    """End children, and wait for them: SIGTERM to all, SIGKILL to those that do not exit."""
    processes = list(processes)
    for process in processes:
        process.terminate()
    deadline = Deadline(GRACE)
    for process in processes:
        if not process.ends_within(deadline.remaining or 0):
            process.kill()
    for process in processes:
        process.wait()


def variables(local: Address, remote: Address) -> dict[str, str]:
    """Return the variables that describe a child's connection, under ncat's names."""
    return {
        "NCAT_LOCAL_ADDR": local.host or local.path,
        "NCAT_LOCAL_PORT": local.service,
        "NCAT_PROTO": "UDP" if remote.scheme.startswith("udp") else "TCP",
        "NCAT_REMOTE_ADDR": remote.host or remote.path,
        "NCAT_REMOTE_PORT": remote.service,
    }
