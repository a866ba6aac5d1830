"""Write files completely or not at all, with one line for an error."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..core.verdict import NotWritten, WrongUsage, cause_of

#: The default folder for reports.
DEFAULT_FOLDER = Path("build/conformance")

#: Errors that depend on the path; others (a full disk) are errors of the machine.
_OF_THE_PATH = frozenset(
    {
        errno.EACCES,
        errno.EEXIST,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)


def not_written(what: str, error: OSError) -> WrongUsage | NotWritten:
    """Return the exception for a file that could not be written: wrong path or other error."""
    line = f"{what}: {cause_of(error)}"
    return WrongUsage(line) if error.errno in _OF_THE_PATH else NotWritten(line)


def write_whole(path: Path, text: str) -> None:
    """Replace a file's content; if this fails, the file is unchanged.

    Raises OSError.
    """
    # A symbolic link is kept, and only a regular file is replaced (not /dev/stdout).
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name[:200]}.{os.getpid()}.part")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Make an empty folder; at the end move its files to ``folder``, unless there was an error.

    Raises OSError.
    """
    with tempfile.TemporaryDirectory(prefix=".part-", dir=folder) as part:
        yield Path(part)
        for path in Path(part).iterdir():
            os.replace(path, folder / path.name)


def make_folder(report: Path) -> None:
    """Make the folder of a run's reports; the default folder gets a .gitignore.

    Raises WrongUsage or NotWritten.
    """
    try:
        report.mkdir(parents=True, exist_ok=True)
        if not os.access(report, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if report == DEFAULT_FOLDER and not (report / ".gitignore").exists():
            write_whole(report / ".gitignore", "*\n")
    except OSError as error:
        raise not_written(f"report {report}", error) from None
