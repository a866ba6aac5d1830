"""A server's box as a container of podman: the same mounts, without an image (podman-run(1)).

podman, conmon and the OCI runtime stay outside, in the judge's network. Process 1 of the container
is a shell that waits for the server, which leads its own session, as in a box of bubblewrap.

A container does not end with the process that started it, its owner(). The label and the name of
each container identify that process: the reaper removes the containers of an owner that is killed,
and the next class removes those that are left.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .helpers.reaper import LABEL, NAME, remove_containers
from .mounts import BIND, EMPTY, HIDDEN, READ_ONLY, SEEN, Box, Mount, mounts
from .owner import is_gone, owner
from .reaper import marking, watched

#: Seconds to wait for an answer of podman.
ANSWER = 30.0

#: Process 1: the server's parent (as process 1, the server would ignore SIGTERM). It reports a
#: signal as 128 plus its number, and waits for orphaned processes.
_FIRST = ["/bin/sh", "-c", 'setsid "$@"; exit $?', "sh"]

#: A hook of the runtime: the container's first process enters the groups before it is started.
_ENTER = (
    'pid=$(sed "s/.*\\"pid\\": *\\([0-9]*\\).*/\\1/"); '
    'for file; do echo "$pid" >"$file" || exit 1; done'
)

#: The folders that the runtime mounts by itself, and those of podman's images.
_BY_THE_RUNTIME, _IMAGES = ("/proc", "/sys", "/dev"), "/var/lib/containers"

#: More processes than any user has, but a number that podman can set without raising a limit.
_PROCESSES = 32768

_MOVE = [sys.executable, "-I", "-S", str(Path(__file__).parent / "helpers/move_descriptor.py")]


class _Root:
    """The root folder of this process's containers, which contains only mount points."""

    folder: str | None = None
    owner = 0


def contained(
    box: Box,
    argv: Sequence[str],
    folder: str,
    named: Sequence[str],
    *,
    groups: Sequence[str] = (),
    pidfile: str | None = None,
    inherited: Sequence[int] = (),
) -> list[str]:
    """Return the command line that starts a command in a container.

    Arguments:
        folder: the command's working folder.
        named: words of the command that may be paths.
        groups: the files by which it enters its control groups.
        pidfile: where podman writes the pid of process 1; None is a command on a terminal.
        inherited: a descriptor that the command inherits, if any.
    Raises OSError.
    """
    root = _root()
    hooks = ["--hooks-dir", _hooks(root, groups)] if groups else []
    words = ["podman", *hooks, "run", "--rm", "--runtime", box.runtime, "--network=host"]
    words += ["--name", f"{NAME}{owner()}-{secrets.token_hex(4)}", f"--label={LABEL}={owner()}"]
    words += ["--cap-drop=ALL", "--security-opt=no-new-privileges", f"--user={box.user}:{box.user}"]
    words += ["--read-only", "--read-only-tmpfs=false", "--no-hosts", "--dns=none"]
    words += ["--passwd=false", "--hostname=target", f"--shm-size={box.disk}m", *_ulimits()]
    words += ["--env-host", "--env=HOME=/tmp", "--env=TMPDIR=/tmp"]
    if pidfile is None:
        words += ["--interactive", "--tty"]
    else:
        words += ["--log-driver=passthrough", f"--pidfile={pidfile}"]
    outer, inner = list[str](), list(argv)
    for one in inherited:
        outer, inner = [*_MOVE, str(one), "3"], [*_MOVE, "3", str(one), *argv]
        words += ["--preserve-fds=1"]
    seen = mounts(box, folder, named)
    words += [f"--mount={one}" for one in _mounted(seen, root)]
    words += [f"--workdir={folder}", "--rootfs", root]
    return [*outer, *words, *(_FIRST if pidfile else []), *inner]


def _ulimits() -> list[str]:
    """Return the limits of this process, because podman cannot set its usual limits everywhere."""
    import resource

    said = []
    for name, kind, most in (
        ("nofile", resource.RLIMIT_NOFILE, 1 << 20),
        ("nproc", resource.RLIMIT_NPROC, _PROCESSES),
    ):
        hard = resource.getrlimit(kind)[1]
        number = most if hard == resource.RLIM_INFINITY else min(hard, most)
        said.append(f"--ulimit={name}={number}:{number}")
    return said


def _root() -> str:
    """Return a folder with the links of / and an empty folder for each of its folders."""
    if _Root.folder is None or _Root.owner != os.getpid():
        made = tempfile.mkdtemp(prefix="root-")
        os.chmod(made, 0o755)
        for entry in os.scandir("/"):
            if entry.is_symlink():
                os.symlink(os.readlink(entry), f"{made}/{entry.name}")
            elif entry.is_dir():
                os.mkdir(f"{made}/{entry.name}")
        _Root.folder, _Root.owner = made, os.getpid()
    return _Root.folder


def _hooks(root: str, groups: Sequence[str]) -> str:
    folder = Path(f"{root}.hooks")
    if not folder.exists():
        folder.mkdir()
        hook = {
            "version": "1.0.0",
            "hook": {"path": "/bin/sh", "args": ["sh", "-c", _ENTER, "sh", *groups]},
            "when": {"always": True},
            "stages": ["prestart"],
        }
        (folder / "enter.json").write_text(json.dumps(hook))
    return str(folder)


def _mounted(steps: Sequence[Mount], root: str) -> list[str]:
    """Return the steps as arguments of podman: one mount for each place; podman sorts them."""
    found: dict[str, Mount] = {}
    closed = {one.place for one in steps if one.what == READ_ONLY}
    for step in steps:
        if step.place == "/" and step.what == SEEN:
            found.update(_whole_system(root))
        elif step.what in (BIND, SEEN) or (step.what == EMPTY and step.place != "/dev/shm"):
            found[step.place] = step
    return [_words(one, one.place in closed) for one in found.values()]


def _whole_system(root: str) -> dict[str, Mount]:
    """Return the read-only folders of /, and the mounts below them, which "ro" does not reach."""
    found = {}
    for entry in os.scandir(root):
        place = f"/{entry.name}"
        if entry.is_dir(follow_symlinks=False) and place not in (*_BY_THE_RUNTIME, *HIDDEN):
            found[place] = Mount(SEEN, place, place)
    apart = (*_BY_THE_RUNTIME, *HIDDEN, _IMAGES, os.path.realpath(tempfile.gettempdir()))
    for place in _mount_points():
        if not any(place == one or place.startswith(f"{one}/") for one in apart):
            found[place] = Mount(SEEN, place, place)
    if os.path.isdir(_IMAGES):
        found[_IMAGES] = Mount(EMPTY, _IMAGES, size=1)
    found.pop("/", None)
    return found


def _mount_points() -> list[str]:
    with suppress(OSError):
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        places = [line.split()[4] for line in lines]
        # Blanks are written as octal numbers there (proc(5)).
        places = [re.sub(r"\\([0-7]{3})", lambda it: chr(int(it[1], 8)), one) for one in places]
        return [one for one in places if os.path.isdir(one)]
    return []


def _words(mount: Mount, is_closed: bool) -> str:
    if mount.what == EMPTY:
        fields = ["type=tmpfs", f"dst={mount.place}", f"tmpfs-mode={mount.mode or '0755'}"]
        fields += [f"tmpfs-size={mount.size}"] if mount.size else []
        fields += ["notmpcopyup", *(["ro=true"] if is_closed else [])]
    else:
        fields = ["type=bind", f"src={mount.source}", f"dst={mount.place}"]
        fields += [f"ro={'true' if mount.what == SEEN else 'false'}"]
    return ",".join(f'"{one}"' if "," in one else one for one in fields)


def first_process(pidfile: str, podman: subprocess.Popen[bytes], patience: float) -> int:
    """Return the pid of process 1 as soon as podman has written it; 0 if there is none."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        is_over = podman.poll() is not None
        with suppress(OSError, ValueError):
            return int(Path(pidfile).read_text())
        if is_over:
            break
        time.sleep(0.002)
    return 0


def tell_reaper() -> None:
    """From now on, the reaper removes the containers of this process if it is killed."""
    marking()
    watched("*", owner())


def forget_root() -> None:
    """Remove the root folder of this process's containers, which have ended."""
    made, _Root.folder = _Root.folder, None
    if made and not any(one.startswith(made) for one in _mount_points()):
        shutil.rmtree(made, ignore_errors=True)


def remove_one(words: Sequence[str]) -> None:
    """Remove the container that was started by this command line. Raises nothing."""
    if words and "--name" in words:
        name = words[list(words).index("--name") + 1]
        _podman("rm", "--force", "--ignore", "--time=0", name)


def sweep() -> None:
    """Remove the containers of processes that have ended. Raises nothing."""
    said = _podman(
        "ps", "--all", f"--filter=label={LABEL}", f'--format={{{{index .Labels "{LABEL}"}}}}'
    )
    for value in set(said.split()):
        if is_gone(value):
            remove_containers(value)


def _podman(*words: str) -> str:
    with suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(
            ["podman", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ANSWER,
            check=False,
        ).stdout
    return ""
