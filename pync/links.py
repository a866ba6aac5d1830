"""``pync install-links DIR [NAME ...]``: install pync under the names nc, ncat and telnet.

With a link (on Windows a copy of pync.exe), scripts that call nc run pync; the name chooses the
dialect. A file of another program is never replaced.
"""

from __future__ import annotations

import os
import sys

from .core.errors import PyncError, UsageError
from .core.number import is_digits

NAMES = ("nc", "ncat", "telnet")
_KNOWN = (*NAMES, "netcat", "nc.traditional")


def is_meant(argv: list[str]) -> bool:
    """Return whether it is this command, and not a host named install-links with a port."""
    port = len(argv) == 3 and is_digits(argv[2])
    return argv[1:2] == ["install-links"] and not port


def install(argv: list[str]) -> list[str]:
    """Make the links; return a line for each. Raises UsageError, PyncError."""
    folder, *names = [word for word in argv[2:] if word != "--"] or [""]
    if not folder or folder.startswith("-"):
        raise UsageError("install-links needs a folder: pync install-links DIR [nc ncat telnet]")
    for name in names:
        if name not in _KNOWN:
            raise UsageError(f"install-links: {name!r} is not one of {', '.join(_KNOWN)}")
    if not os.path.isdir(folder):
        raise UsageError(f"install-links: {folder} is not a folder")
    program = _program(argv[0])
    lines = [_link(folder, name, program) for name in names or NAMES]
    path = os.environ.get("PATH", "").split(os.pathsep)
    if os.path.abspath(folder) not in map(os.path.abspath, filter(None, path)):
        lines.append(f"{folder} is not in PATH: add it, in your shell's start-up file too")
    return lines


def _program(argv0: str) -> str:
    """Return the file that starts pync."""
    if os.path.basename(argv0) == "__main__.py":  # python -m pync
        suffix = ".exe" if sys.platform == "win32" else ""
        argv0 = os.path.join(os.path.dirname(sys.executable), f"pync{suffix}")
    elif not os.path.dirname(argv0):
        import shutil

        argv0 = shutil.which(argv0) or argv0
    if sys.platform == "win32" and not argv0.lower().endswith(".exe"):
        argv0 += ".exe"
    if not os.access(argv0, os.X_OK):
        raise UsageError(f"install-links needs the installed command: {argv0} cannot be run")
    return os.path.abspath(argv0)


def _link(folder: str, name: str, program: str) -> str:
    path = os.path.join(folder, f"{name}.exe" if sys.platform == "win32" else name)
    try:
        if sys.platform == "win32":
            return _copy(path, program)
        if os.path.lexists(path):
            if os.path.islink(path) and os.path.realpath(path) == os.path.realpath(program):
                return f"{path} -> {program} (was there)"
            raise UsageError(f"install-links: {path} exists; remove it first")
        os.symlink(program, path)
    except OSError as error:
        raise PyncError("link", path, (error.strerror or "").lower()) from None
    return f"{path} -> {program}"


def _copy(path: str, program: str) -> str:
    """Copy the launcher, which works under any name; on Windows, links need a privilege."""
    with open(program, "rb") as source:
        wanted = source.read()
    if os.path.lexists(path):
        with open(path, "rb") as there:
            if there.read() == wanted:
                return f"{path} is a copy of {program} (was there)"
        raise UsageError(f"install-links: {path} exists; remove it first")
    with open(path, "xb") as copy:
        copy.write(wanted)
    return f"{path} is a copy of {program}"
