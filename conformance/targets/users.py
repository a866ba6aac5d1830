"""Another user for what is started, where the suite itself is root (Linux).

The kernel then lets no target signal or trace its judge, or read what only root may read. Each
judge has a user of its own, so that what two targets start at the same time is apart, too. No
account is needed for a number.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

#: The program that takes another user's place, and its Debian package.
SETPRIV, PACKAGE = "setpriv", "util-linux"

#: Users that nothing else has: from here on, one for each process that judges; where a container
#: has none of these, some of those that systemd gives to services for a while.
FIRST, FEW = 0x70000000, range(61184, 65520)

#: Seconds for it to be tried.
_TRIAL = 20.0


class _Started:
    """As whom this process starts commands; 0 is as itself."""

    user = 0


def start_as(user: int) -> None:
    """From now on, commands are started as this user."""
    _Started.user = user


def as_user(argv: Sequence[str]) -> list[str]:
    """The command line that starts a command as the other user, if there is one."""
    if not _Started.user:
        return list(argv)
    return becoming(_Started.user, ["env", "HOME=/tmp", "TMPDIR=/tmp", *argv])


def becoming(user: int, argv: Sequence[str]) -> list[str]:
    """The command line that starts a command as this user, who has no other group.

    setpriv(1) executes it with the rights that it had itself; a command that starts another one
    (env, sh) has to come first where that must not be.
    """
    return [SETPRIV, f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", *argv]


def give(path: str | Path) -> None:
    """Give a file or a folder to the other user, if there is one."""
    if _Started.user:
        os.chown(path, _Started.user, _Started.user)


def let_through(folder: str | Path) -> None:
    """Let the other user, if there is one, reach what it knows by name in this folder."""
    if _Started.user:
        os.chmod(folder, 0o711)


def accounts_with(user: int) -> str:
    """The system's accounts, and this user's: some programs end where theirs has no name."""
    with suppress(OSError):
        known = Path("/etc/passwd").read_text()
        return f"{known.rstrip()}\ntarget:x:{user}:{user}::/tmp:/bin/sh\n"
    return ""


def copy_for(user: int, folder: str, to: str) -> None:
    """Copy a target's folder, for this user. Links are copied as links. Raises OSError."""
    ours = os.path.dirname(to)
    shutil.copytree(folder, to, symlinks=True, ignore=functools.partial(_not_copied, ours))
    for at, folders, files in os.walk(to):
        for name in (*folders, *files, "."):
            os.chown(os.path.join(at, name), user, user, follow_symlinks=False)


def _not_copied(ours: str, folder: str, names: list[str]) -> list[str]:
    """Our own folder, and all but files, folders and links: reading a pipe would never end."""
    paths = {name: Path(folder, name) for name in names}
    return [
        name
        for name, path in paths.items()
        if str(path) == ours or not (path.is_symlink() or path.is_file() or path.is_dir())
    ]


def moved(command: str, folder: str, to: str) -> str:
    """A command in which the paths that begin with a folder begin with another."""
    return re.sub(rf"(?<![^\s'\"=:]){re.escape(folder)}(?=/)", lambda _: to, command)


def own_user() -> int:
    """The user of what this process judges; 0 where there is no other than our own."""
    if why_no_user():
        return 0
    number = os.getpid()
    return next(one for one in _choices(number) if _is_mapped(one))


@functools.lru_cache(maxsize=1)
def why_no_user() -> str:
    """Why nothing can be started as another user here; "" when it can. One is tried."""
    if not sys.platform.startswith("linux") or os.getuid() != 0:
        return "only root on Linux can start a target as another user"
    if shutil.which(SETPRIV) is None:
        return f"{SETPRIV} is missing (Debian: {PACKAGE})"
    found = [one for one in _choices(os.getpid()) if _is_mapped(one)]
    if not found:
        return "there is no other user in this namespace"
    argv = becoming(found[0], ["env", "true"])
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_TRIAL, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{SETPRIV} does not work here ({error})"
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        return f"{SETPRIV} does not work here ({said[-1]})"
    return ""


def _choices(number: int) -> tuple[int, int]:
    return FIRST + number, FEW[number % len(FEW)]


def _is_mapped(user: int) -> bool:
    """Whether there is such a user in this namespace (user_namespaces(7))."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/uid_map").read_text().splitlines():
            first, _, count = map(int, line.split())
            if first <= user < first + count:
                return True
    return False
