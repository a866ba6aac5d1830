"""The folders that servers are given: all in one, which goes with the process.

An interruption may come between a folder and the promise to remove it; one removal at the end
of the process makes that good.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from ..core.interruption import held


def new_folder() -> Path:
    """A folder of a short path (a socket's may have 107 bytes, unix(7)).

    Whoever needs it no longer removes it; at the end of the process it is removed anyway.
    """
    return Path(tempfile.mkdtemp(prefix="", dir=_all_of_them()))


def begin_anew() -> None:
    """After a fork: what there is so far belongs to the parent."""
    _all_of_them.cache_clear()


def remove() -> None:
    """Remove them all, in a process that ends without atexit."""
    if _all_of_them.cache_info().currsize:
        shutil.rmtree(_all_of_them(), ignore_errors=True)
        _all_of_them.cache_clear()


@functools.lru_cache(maxsize=1)
def _all_of_them() -> Path:
    with held():
        folder = Path(tempfile.mkdtemp(prefix="conformance-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
