"""The folders that servers are given: all in one, which goes with the process.

An interruption may come between a folder and the promise to remove it; one removal at the end
of the process makes that good.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from ..core.interruption import held
from .users import give, let_through


def new_folder() -> Path:
    """A folder of a short path (a socket's may have 107 bytes, unix(7)).

    Whoever needs it no longer removes it; at the end of the process it is removed anyway.
    """
    made = Path(tempfile.mkdtemp(prefix="", dir=_all_of_them()))
    give(made)
    return made


def begin_anew() -> None:
    """After a fork: what there is so far belongs to the parent."""
    _made.clear()


def remove() -> None:
    """Remove them all, in a process that ends without atexit."""
    while _made:
        shutil.rmtree(_made.pop(), ignore_errors=True)


#: The folder of them all. An interruption that was held back comes when it is known here.
_made: list[Path] = []


def _all_of_them() -> Path:
    if not _made:
        with held():
            _made.append(Path(tempfile.mkdtemp(prefix="conformance-")))
            atexit.register(shutil.rmtree, _made[0], ignore_errors=True)
        let_through(_made[0])
    return _made[0]
