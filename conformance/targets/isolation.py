"""A server in a box of its own (bubblewrap, Linux): what it sees, and how it is reached.

In the box it has its own processes, mounts, IPC objects and host name, and no capability. The
system is read-only. Home folders, /run and what belongs to other targets are not there; /tmp is
its own, of a bounded size. Network and judge are outside: the judge of a class runs in a network
of its own (batch/boxes.py), which the box shares, so that its clients reach the server.

bubblewrap starts two processes: a monitor, which is our child, and process 1 of the box, which
adopts what loses its parent. The server is the child of that, and leads a session of its own: it
gets the signals, and its descriptors are counted. When process 1 ends, the kernel ends all in
the box.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ..core.verdict import Unreachable
from .cgroups import is_in_group, joining
from .mounts import Box, mounts
from .users import as_user, becoming, start_as

#: Seconds in which a box is ready, and in which it is gone.
BUILDING, ENDING = 10.0, 5.0

#: User and group in the box: nobody's.
NOBODY = "65534"

#: The rights to become another user, which end with that.
_BECOMING = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]

__all__ = ["Box", "Boxed", "boxed", "confined", "is_isolated", "start_in", "unboxed"]


class _Started:
    """The box in which this process starts servers; None is none."""

    box: Box | None = None


def start_in(box: Box | None) -> None:
    """From now on, commands are started in this box."""
    _Started.box = box
    start_as(0 if box is None else box.user)


def is_isolated() -> bool:
    """Whether commands are started in a box."""
    return _Started.box is not None


def boxed(
    argv: Sequence[str],
    environment: dict[str, str],
    directory: str | None,
    *,
    terminal: bool = False,
    info: int | None = None,
) -> list[str]:
    """The command line that starts a command in the box.

    Arguments:
        environment: the variables that the suite adds; folders and files that they name are seen.
        terminal: it has a terminal, whose signals are not the monitor's.
        info: a descriptor to which bubblewrap writes the number of process 1.
    Raises Unreachable for a command that there is not.
    """
    box = _Started.box
    assert box is not None
    folder = os.path.realpath(directory or ".")
    _check_there(argv[0], folder)
    words = [*("bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts")]
    words += ["--unshare-cgroup-try", "--hostname", "target", "--cap-drop", "ALL"]
    # Only root can take another user's place, and not in a user namespace where there is none.
    words += _BECOMING if box.user else ["--unshare-user", "--uid", NOBODY, "--gid", NOBODY]
    words += mounts(box, folder, [*argv, *environment.values()])
    words += ["--setenv", "HOME", "/tmp", "--setenv", "TMPDIR", "/tmp"]
    if info is not None:
        words += ["--info-fd", str(info)]
    bounds = [f"--{name}={most}" for name, most in _bounds(box) if most]
    bounded = ["prlimit", *bounds, *argv] if bounds else list(argv)
    if box.user:
        # bubblewrap has no right to enter a folder that is closed to all but that user.
        bounded = becoming(box.user, ["env", f"--chdir={folder}", *bounded])
    else:
        words += ["--chdir", folder]
    if terminal:
        # The monitor shares the terminal's group; what ^C ends there would end the box.
        outer = ["env", "--ignore-signal=INT", "--ignore-signal=QUIT"]
        inner = ["env", "--default-signal=INT", "--default-signal=QUIT"]
        return [*outer, *words, "--", *inner, *bounded]
    return [*words, "--new-session", "--", "setsid", *bounded]


def confined(
    argv: Sequence[str], environment: dict[str, str], directory: str | None, *, terminal: bool
) -> list[str]:
    """The command line that starts a command in the box and the control group that there are.

    Raises Unreachable for a command that there is not.
    """
    if is_isolated():
        return joining(boxed(argv, environment, directory, terminal=terminal))
    words = joining(as_user(argv))
    if words != argv:
        _check_there(argv[0], directory or ".")  # what the shell says of it is not ours
    return words


def _bounds(box: Box) -> list[tuple[str, int]]:
    # A process of root's is not counted (RLIMIT_NPROC, setrlimit(2)); a group counts, and says so.
    is_counted = not is_in_group() and (box.user or os.getuid() != 0)
    processes = box.processes if is_counted else 0
    return [("cpu", box.cpu), ("nofile", box.files), ("nproc", processes)]


def _check_there(program: str, folder: str) -> None:
    path = os.path.join(folder, program) if "/" in program else program
    if shutil.which(path) is None:
        raise Unreachable(f"cannot start {program!r}: no such command")


class Boxed:
    """A server in its box, as far as Popen and Forked are used. Raises Unreachable, OSError."""

    def __init__(
        self,
        argv: Sequence[str],
        environment: dict[str, str],
        directory: str | None,
        inherited: Sequence[int],
        how: dict[str, Any],
    ) -> None:
        read, write = os.pipe()
        try:
            words = joining(boxed(argv, environment, directory, info=write))
            self._monitor = subprocess.Popen(
                words, start_new_session=True, pass_fds=(*inherited, write), **how
            )
        except BaseException:
            os.close(read)
            raise
        finally:
            os.close(write)
        self.stdin: IO[bytes] | None = self._monitor.stdin
        self.stdout: IO[bytes] | None = self._monitor.stdout
        self._first = _first_process(read)
        self._gone = _pidfd(self._first)
        self.pid = self._await_server() or self._monitor.pid

    def _await_server(self) -> int | None:
        """The server's number, once it leads its session; None when it has ended before."""
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
        """Its exit status, negative for a signal, None while it runs."""
        return unboxed(self._monitor.returncode)

    def poll(self) -> int | None:
        """The same, looked up."""
        self._monitor.poll()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        status = unboxed(self._monitor.wait(timeout))
        assert status is not None
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self) -> None:
        """End all that is in the box, and wait until it is gone; idempotent."""
        if self._gone is None:
            return
        with suppress(OSError):
            signal.pidfd_send_signal(self._gone, signal.SIGKILL)
        select.select([self._gone], [], [], ENDING)
        os.close(self._gone)
        self._gone = None


def unboxed(status: int | None) -> int | None:
    """A status as waitpid(2) has it: the monitor's is a shell's, 128 and the signal's number."""
    if status is not None and status > 128 and status - 128 in set(signal.Signals):
        return 128 - status
    return status


def _first_process(read: int) -> int:
    """The number of process 1 of the box, as we see it; 0 when there is none."""
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
