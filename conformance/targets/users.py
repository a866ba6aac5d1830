"""Another user for the started commands, if the suite itself runs as root (Linux).

The kernel then lets no target signal or trace its judge, or read files that only root may read.
Each judge uses a different user, so that targets that run at the same time are separated, too. A
user number needs no account.
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

#: The program that becomes another user, and its Debian package.
SETPRIV, PACKAGE = "setpriv", "util-linux"

#: User numbers that nothing else uses: from the first one on, one for each process that judges. If
#: a container does not have these, some of those that systemd assigns to services temporarily.
FIRST, FEW = 0x70000000, range(61184, 65520)

#: Seconds for a trial.
_TRIAL = 20.0


class _Started:
    """The user as which this process starts commands; 0 is its own user."""

    user = 0


def start_as(user: int) -> None:
    """Start all later commands as this user."""
    _Started.user = user


def as_user(argv: Sequence[str]) -> list[str]:
    """Return the command line that starts a command as the other user, if one is set."""
    if not _Started.user:
        return list(argv)
    return becoming(_Started.user, ["env", "HOME=/tmp", "TMPDIR=/tmp", *argv])


def becoming(user: int, argv: Sequence[str]) -> list[str]:
    """Return the command line that starts a command as this user, without further groups.

    setpriv(1) executes the command with the rights that setpriv had itself. If it must not have
    them, the command has to begin with a program that starts another one (env, sh).
    """
    return [SETPRIV, f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", *argv]


def give(path: str | Path) -> None:
    """Make the other user, if one is set, the owner of a file or a folder."""
    if _Started.user:
        os.chown(path, _Started.user, _Started.user)


def let_through(folder: str | Path) -> None:
    """Let the other user, if one is set, open files in this folder whose names it knows."""
    if _Started.user:
        os.chmod(folder, 0o711)


def accounts_with(user: int) -> str:
    """Return the accounts of the system and of this user: some programs need a user name."""
    with suppress(OSError):
        known = Path("/etc/passwd").read_text()
        return f"{known.rstrip()}\ntarget:x:{user}:{user}::/tmp:/bin/sh\n"
    return ""


def copy_for(user: int, folder: str, to: str) -> None:
    """Copy a target's folder for this user. Links are copied as links. Raises OSError."""
    ours = os.path.dirname(to)
    shutil.copytree(folder, to, symlinks=True, ignore=functools.partial(_not_copied, ours))
    for at, folders, files in os.walk(to):
        for name in (*folders, *files, "."):
            os.chown(os.path.join(at, name), user, user, follow_symlinks=False)


def _not_copied(ours: str, folder: str, names: list[str]) -> list[str]:
    """Return the names not to copy: the copy's own folder, and all but files, folders and links.

    Reading a pipe, for example, would never end.
    """
    paths = {name: Path(folder, name) for name in names}
    return [
        name
        for name, path in paths.items()
        if str(path) == ours or not (path.is_symlink() or path.is_file() or path.is_dir())
    ]


def moved(command: str, folder: str, to: str) -> str:
    """Return a command in which one folder, at the beginning of a path, is replaced by another."""
    return re.sub(rf"(?<![^\s'\"=:]){re.escape(folder)}(?=/)", lambda _: to, command)


def own_user() -> int:
    """Return the user for the targets of this process; 0 if there is only its own user."""
    if why_no_user():
        return 0
    number = os.getpid()
    return next(one for one in _choices(number) if _is_mapped(one))


@functools.lru_cache(maxsize=1)
def why_no_user() -> str:
    """Return why no command can be started as another user here; "" if it can. This is tried."""
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
    """Return whether the user exists in this namespace (user_namespaces(7))."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/uid_map").read_text().splitlines():
            first, _, count = map(int, line.split())
            if first <= user < first + count:
                return True
    return False
