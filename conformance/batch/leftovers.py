"""The folders of judges. If a run is killed, the next run removes the folders that are left."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..targets.owner import is_gone, owner

_PREFIX = "conformance-class-"

#: The file that names the owner of a folder. It is not in the folder's own name, because that is
#: part of the paths of sockets, which must be short (unix(7)).
_OWNER = "owner"


@contextmanager
def scratch_folder() -> Iterator[str]:
    """Make a folder for one judge and the processes that it starts; remove it at the end."""
    _sweep()
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        Path(folder, _OWNER).write_text(owner())
        yield folder


@functools.lru_cache(maxsize=1)
def _sweep() -> None:
    """Remove the folders of this user whose process has ended."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError, ValueError):
            is_ours = hasattr(os, "getuid") and folder.lstat().st_uid == os.getuid()
            if is_ours and not folder.is_symlink() and is_gone((folder / _OWNER).read_text()):
                shutil.rmtree(folder, ignore_errors=True)
