"""A server in its own box (bubblewrap or podman, Linux): what it can see, how it is reached.

In the box the server has its own processes, mounts, IPC objects and host name, and no capability.
The system is read-only. Home folders, /run and the files of other targets are not visible; the
server has its own /tmp of a limited size. Network and judge are outside: the judge of a class runs
in its own network (batch/boxes.py), which the box shares, so that its clients reach the server.

bubblewrap starts two processes: a monitor, which is a child of this process, and process 1 of the
box, which adopts orphaned processes. The server is a child of process 1 and leads its own
session: it gets the signals, and its descriptors are counted. When process 1 ends, the kernel
ends all processes in the box. With podman (containers.py), the monitor is podman.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ..core.verdict import Unreachable
from .cgroups import entry_files, is_in_group, joining
from .containers import contained, first_process, remove_one, tell_reaper
from .mounts import EMPTY, Box, Mount, mounts
from .users import as_user, becoming, start_as

#: Seconds until a box must be ready, and until it must have ended.
BUILDING, ENDING = 10.0, 5.0

#: User and group in the box.
NOBODY = "65534"

#: The rights to become another user; they are lost when that has happened.
_BECOMING = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]

__all__ = ["Box", "Boxed", "boxed", "confined", "end_with", "is_isolated", "start_in", "unboxed"]


class _Started:
    """The box in which this process starts servers; None if there is none."""

    box: Box | None = None


def start_in(box: Box | None) -> None:
    """Start all later commands in this box."""
    _Started.box = box
    start_as(0 if box is None else box.user)


def is_isolated() -> bool:
    """Return whether commands are started in a box."""
    return _Started.box is not None


def boxed(
    argv: Sequence[str],
    environment: dict[str, str],
    directory: str | None,
    *,
    terminal: bool = False,
    info: int | None = None,
) -> list[str]:
    """Return the command line that starts a command in the box, with bubblewrap.

    Arguments:
        environment: the variables that the suite adds; the box shows the paths that they name.
        terminal: whether the command has a terminal; the monitor ignores the terminal's signals.
        info: a descriptor to which bubblewrap writes the pid of process 1.
    Raises Unreachable if the command does not exist.
    """
    box, folder = _box_for(argv, directory)
    words = [*("bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts")]
    words += ["--unshare-cgroup-try", "--hostname", "target", "--cap-drop", "ALL"]
    # Only root can become another user, and a new user namespace would contain no other user.
    words += _BECOMING if box.user else ["--unshare-user", "--uid", NOBODY, "--gid", NOBODY]
    for step in mounts(box, folder, [*argv, *environment.values()]):
        words += _words_of(step)
    words += ["--setenv", "HOME", "/tmp", "--setenv", "TMPDIR", "/tmp"]
    if info is not None:
        words += ["--info-fd", str(info)]
    bounded = _bounded(box, argv)
    if box.user:
        # bubblewrap may not enter a folder that only that user may enter.
        bounded = becoming(box.user, ["env", f"--chdir={folder}", *bounded])
    else:
        words += ["--chdir", folder]
    if terminal:
        # The monitor is in the terminal's process group; if ^C ended it, the box would end too.
        outer = ["env", "--ignore-signal=INT", "--ignore-signal=QUIT"]
        inner = ["env", "--default-signal=INT", "--default-signal=QUIT"]
        return [*outer, *words, "--", *inner, *bounded]
    return [*words, "--new-session", "--", "setsid", *bounded]


def confined(
    argv: Sequence[str], environment: dict[str, str], directory: str | None, *, terminal: bool
) -> list[str]:
    """Return the command line that starts a command in the box and the control group, if any.

    Raises Unreachable if the command does not exist.
    """
    if _Started.box is not None and _Started.box.runtime:
        tell_reaper()
        return in_container(argv, environment, directory, None)
    if is_isolated():
        return joining(boxed(argv, environment, directory, terminal=terminal))
    words = joining(as_user(argv))
    if words != argv:
        _check_there(argv[0], directory or ".")  # report it here, not by the shell's message
    return words


def in_container(
    argv: Sequence[str],
    environment: dict[str, str],
    directory: str | None,
    pidfile: str | None,
    inherited: Sequence[int] = (),
) -> list[str]:
    """Return the command line that starts a command in the box, with podman.

    Arguments:
        pidfile: where podman writes the pid of process 1; None is a command on a terminal.
        inherited: a descriptor that the command inherits, if any.
        Raises Unreachable for a command that does not exist, and OSError.
    """
    box, folder = _box_for(argv, directory)
    return contained(
        *(box, _bounded(box, argv), folder, [*argv, *environment.values()]),
        groups=entry_files(),
        pidfile=pidfile,
        inherited=inherited,
    )


def end_with(words: Sequence[str]) -> None:
    """End the box of a command that was killed; this is its command line."""
    if words[0] == "podman":
        remove_one(words)


def _box_for(argv: Sequence[str], directory: str | None) -> tuple[Box, str]:
    """Return the box, and the folder where a command is started in it. Raises Unreachable."""
    assert _Started.box is not None
    folder = os.path.realpath(directory or ".")
    _check_there(argv[0], folder)
    return _Started.box, folder


def _words_of(step: Mount) -> list[str]:
    """Return the arguments of bwrap for a step."""
    words = ["--perms", step.mode] if step.mode else []
    if step.what == EMPTY and step.size:
        words += ["--size", str(step.size)]
    return [*words, step.what, *([step.source] if step.source else []), step.place]


def _bounded(box: Box, argv: Sequence[str]) -> list[str]:
    bounds = [f"--{name}={most}" for name, most in _bounds(box) if most]
    return ["prlimit", *bounds, *argv] if bounds else list(argv)


def _bounds(box: Box) -> list[tuple[str, int]]:
    # root's processes are not counted (RLIMIT_NPROC, setrlimit(2)). A control group counts all
    # processes, and reports when it refuses one.
    is_counted = not is_in_group() and (box.user or os.getuid() != 0)
    processes = box.processes if is_counted else 0
    return [("cpu", box.cpu), ("nofile", box.files), ("nproc", processes)]


def _check_there(program: str, folder: str) -> None:
    path = os.path.join(folder, program) if "/" in program else program
    if shutil.which(path) is None:
        raise Unreachable(f"cannot start {program!r}: no such command")


class Boxed:
    """A server in its box, with the used methods of Popen. Raises Unreachable, OSError."""

    def __init__(
        self,
        argv: Sequence[str],
        environment: dict[str, str],
        directory: str | None,
        inherited: Sequence[int],
        how: dict[str, Any],
    ) -> None:
        is_contained = _Started.box is not None and bool(_Started.box.runtime)
        start = _start_podman if is_contained else _start_bubblewrap
        self._monitor, self._first = start(argv, environment, directory, inherited, how)
        self.stdin: IO[bytes] | None = self._monitor.stdin
        self.stdout: IO[bytes] | None = self._monitor.stdout
        self._gone = _pidfd(self._first)
        self.pid = self._await_server() or self._monitor.pid

    def _await_server(self) -> int | None:
        """Return the server's pid once it leads its session; None if it has ended before that."""
        until = time.monotonic() + BUILDING
        while self._first and self._monitor.poll() is None and time.monotonic() < until:
            with suppress(OSError, ValueError, IndexError):
                children = Path(f"/proc/{self._first}/task/{self._first}/children").read_text()
                pid = int(children.split()[0])
                if os.getsid(pid) == pid:
                    return pid
            time.sleep(0.001)
        return None

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal, None while the server runs."""
        return unboxed(self._monitor.returncode)

    def poll(self) -> int | None:
        """Check whether the server has ended, and return the exit status."""
        self._monitor.poll()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the server has ended. Raises subprocess.TimeoutExpired."""
        status = unboxed(self._monitor.wait(timeout))
        assert status is not None
        return status

    def send_signal(self, number: int) -> None:
        """Send the server a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self) -> None:
        """Kill all processes in the box, and wait for their end; idempotent."""
        if self._gone is None:
            return
        with suppress(OSError):
            signal.pidfd_send_signal(self._gone, signal.SIGKILL)
        select.select([self._gone], [], [], ENDING)
        os.close(self._gone)
        self._gone = None


def unboxed(status: int | None) -> int | None:
    """Convert the monitor's status, in which a signal is 128 plus its number, to Popen's form."""
    if status is not None and status > 128 and status - 128 in set(signal.Signals):
        return 128 - status
    return status


_Begun = tuple["subprocess.Popen[bytes]", int]


def _start_bubblewrap(
    argv: Sequence[str],
    environment: dict[str, str],
    directory: str | None,
    inherited: Sequence[int],
    how: dict[str, Any],
) -> _Begun:
    """Return the monitor and the pid of process 1. Raises Unreachable, OSError."""
    read, write = os.pipe()
    try:
        words = joining(boxed(argv, environment, directory, info=write))
        descriptors = (*inherited, write)
        monitor = subprocess.Popen(words, start_new_session=True, pass_fds=descriptors, **how)
    except BaseException:
        os.close(read)
        raise
    finally:
        os.close(write)
    return monitor, _first_process(read)


def _start_podman(
    argv: Sequence[str],
    environment: dict[str, str],
    directory: str | None,
    inherited: Sequence[int],
    how: dict[str, Any],
) -> _Begun:
    """Start a container of podman; see _start_bubblewrap."""
    # conmon still uses this file after it has written the pid, so it is not removed here: it is
    # removed with the judge's folder.
    pidfile = os.path.join(tempfile.gettempdir(), f"box-{secrets.token_hex(8)}")
    words = in_container(argv, environment, directory, pidfile, inherited)
    tell_reaper()
    monitor = subprocess.Popen(words, start_new_session=True, pass_fds=inherited, **how)
    return monitor, first_process(pidfile, monitor, BUILDING)


def _first_process(read: int) -> int:
    """Return the pid of the box's process 1 in this namespace; 0 if there is none."""
    with open(read, "rb") as info:
        if not select.select([info], [], [], BUILDING)[0]:
            return 0
        try:
            return int(json.loads(info.read() or b"{}").get("child-pid", 0))
        except ValueError:
            return 0


def _pidfd(pid: int) -> int | None:
    with suppress(OSError):
        if pid and hasattr(os, "pidfd_open"):
            return os.pidfd_open(pid)
    return None
