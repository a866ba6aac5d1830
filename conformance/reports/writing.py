"""Writing files: whole or not at all, and with one line when it fails."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..core.verdict import NotWritten, WrongUsage, cause_of

#: Where the reports go unless something else is asked for.
DEFAULT_FOLDER = Path("build/conformance")

#: Errors that another path would not have; the rest (a full disk) are the machine's.
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
    """The exception for a file that could not be written: whose fault it is decides."""
    line = f"{what}: {cause_of(error)}"
    return WrongUsage(line) if error.errno in _OF_THE_PATH else NotWritten(line)


def write_whole(path: Path, text: str) -> None:
    """Replace a file's content; when it fails, the file is as it was.

    Raises OSError.
    """
    # A symbolic link stays one, and only a regular file can be replaced (not /dev/stdout).
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
    """An empty folder; its files come into ``folder`` at the end, unless one failed.

    Raises OSError.
    """
    with tempfile.TemporaryDirectory(prefix=".part-", dir=folder) as part:
        yield Path(part)
        for path in Path(part).iterdir():
            os.replace(path, folder / path.name)


def make_folder(report: Path) -> None:
    """Make the folder of a run's reports, which nothing has asked a version control to keep.

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
