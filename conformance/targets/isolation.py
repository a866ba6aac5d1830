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
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from ..core.verdict import Unreachable
from .cgroups import joining

#: Seconds in which a box is ready, and in which it is gone.
BUILDING, ENDING = 10.0, 5.0

#: User and group in the box: nobody's.
NOBODY = "65534"

#: Places of others, and of the system's services, whose sockets a read-only mount leaves open.
HIDDEN = ("/run", "/tmp", "/var/tmp", "/dev/shm", "/root", "/home", "/mnt", "/media", "/srv")

#: Those of them that a server may write to, or where the system's sockets appear at any time.
USED = frozenset({"/run", "/tmp", "/var/tmp", "/dev/shm"})

#: Files that only root may read: in a box of root's, the server may have root's files.
SECRETS = ("/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/sudoers", "/var/spool", "/var/log")


class Box(NamedTuple):
    """What a target's box is like; plain values, for it travels.

    ``own`` is the folder that it may write to, if it has one for itself; ``seen`` are folders that
    it may read, and ``unseen`` the files and folders of others. ``disk`` is in MiB, ``cpu`` in
    seconds and ``files`` open descriptors, ``processes`` at once.
    """

    own: str | None = None
    seen: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    disk: int = 1024
    cpu: int = 600
    files: int = 0
    processes: int = 0


class _Started:
    """The box in which this process starts servers; None is none."""

    box: Box | None = None


def start_in(box: Box | None) -> None:
    """From now on, commands are started in this box."""
    _Started.box = box


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
    words = [*("bwrap", "--die-with-parent", "--unshare-user", "--unshare-pid", "--unshare-ipc")]
    words += ["--unshare-uts", "--unshare-cgroup-try", "--hostname", "target"]
    words += ["--uid", NOBODY, "--gid", NOBODY, "--cap-drop", "ALL"]
    words += _mounts(box, folder, [*argv, *environment.values()])
    words += ["--chdir", folder, "--setenv", "HOME", "/tmp", "--setenv", "TMPDIR", "/tmp"]
    if info is not None:
        words += ["--info-fd", str(info)]
    bounds = [f"--{name}={most}" for name, most in _bounds(box) if most]
    bounded = ["prlimit", *bounds, *argv] if bounds else list(argv)
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
    words = joining(argv)
    if words != argv:
        _check_there(argv[0], directory or ".")  # what the shell says of it is not ours
    return words


def _bounds(box: Box) -> list[tuple[str, int]]:
    # A process of root's is not counted (RLIMIT_NPROC, setrlimit(2)).
    processes = 0 if os.getuid() == 0 else box.processes
    return [("cpu", box.cpu), ("nofile", box.files), ("nproc", processes)]


def _check_there(program: str, folder: str) -> None:
    path = os.path.join(folder, program) if "/" in program else program
    if shutil.which(path) is None:
        raise Unreachable(f"cannot start {program!r}: no such command")


def _mounts(box: Box, folder: str, named: Sequence[str]) -> list[str]:
    """The file system of the box, from the whole to its parts."""
    words = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    # Some files in /proc are writable to root's user without any capability (sysctl).
    words += ["--remount-ro", "/proc"]
    size, scratch = str(box.disk * 1024 * 1024), os.path.realpath(tempfile.gettempdir())
    for place in dict.fromkeys((*HIDDEN, scratch)):
        if _is_to_be_hidden(place):
            words += ["--size", size, "--tmpfs", place]
    words += ["--remount-ro", "/dev"]
    masked = [one for one in (*SECRETS, *box.unseen) if _is_seen(one, box, folder)]
    covered = (*HIDDEN, scratch)
    for place in dict.fromkeys((*_toolchains(), *box.seen, folder)):
        if os.path.isdir(place) and any(_is_in(place, one) for one in covered):
            words += ["--ro-bind", place, place]
    if box.own and os.path.isdir(box.own):
        words += ["--bind", box.own, box.own]
    for place in masked:
        is_folder = os.path.isdir(place)
        words += ["--tmpfs", place] if is_folder else ["--ro-bind", "/dev/null", place]
    for place in _toolchains():
        # Where another target's folder holds what all of them run with.
        if any(_is_in(place, one) for one in masked):
            words += ["--ro-bind", place, place]
    for place in masked:
        words += ["--remount-ro", place] if os.path.isdir(place) else []
    for place in dict.fromkeys(named):
        # The data folder, the certificate: what this server was given by name.
        if place.startswith(f"{scratch}/") and os.path.exists(place):
            words += ["--bind" if os.path.isdir(place) else "--ro-bind", place, place]
    return words


def _is_to_be_hidden(folder: str) -> bool:
    """Whether there is something to be hidden: each mount costs time at every start."""
    if not os.path.isdir(folder) or os.path.islink(folder):
        return False
    try:
        return folder in USED or bool(os.listdir(folder))
    except OSError:
        return True


def _is_seen(place: str, box: Box, folder: str) -> bool:
    """Whether something of others would be there to be masked."""
    if not os.path.exists(place):
        return False
    shown = [one for one in (box.own, *box.seen, folder) if one]
    return any(_is_in(place, one) for one in shown) or not any(_is_in(place, one) for one in HIDDEN)


def _is_in(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def _toolchains() -> list[str]:
    """What the suite and other programs need, wherever it is installed (pyenv, nvm, cargo)."""
    package = str(Path(__file__).resolve().parent.parent)
    on_path = [os.path.realpath(one) for one in os.environ.get("PATH", "").split(":") if one]
    ours = [os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix), package]
    found = [one for one in map(_below_home, [*on_path, *ours]) if os.path.isdir(one)]
    return [one for one in dict.fromkeys(found) if one != "/" and one not in HIDDEN]


def _below_home(path: str) -> str:
    """The folder directly below a home folder that a path lies in; elsewhere the path itself."""
    parts = Path(path).parts
    depth = {"root": 3, "home": 4}.get(parts[1] if len(parts) > 1 else "")
    return path if depth is None else str(Path(*parts[:depth]))


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
