"""The folders of judges whose class was killed: removed when the next one begins."""

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

#: The file that says whose a folder is; the folder's own name goes into the paths of sockets,
#: which are short (unix(7)).
_OWNER = "owner"


@contextmanager
def scratch_folder() -> Iterator[str]:
    """A folder for one judge and what it starts; removed at the end."""
    _sweep()
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        Path(folder, _OWNER).write_text(owner())
        yield folder


@functools.lru_cache(maxsize=1)
def _sweep() -> None:
    """Remove those of our own user whose process is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError, ValueError):
            is_ours = hasattr(os, "getuid") and folder.lstat().st_uid == os.getuid()
            if is_ours and not folder.is_symlink() and is_gone((folder / _OWNER).read_text()):
                shutil.rmtree(folder, ignore_errors=True)
