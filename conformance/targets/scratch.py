"""The folders for servers: all are in one folder, which is removed when the process ends.

An interruption may come after a folder is made and before its removal is registered; the removal
at the end of the process covers that case.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from ..core.interruption import held
from .users import give, let_through


def new_folder() -> Path:
    """Make a folder with a short path (that of a socket may have 107 bytes, unix(7)).

    The caller removes it after use; at the end of the process it is removed anyway.
    """
    made = Path(tempfile.mkdtemp(prefix="", dir=_all_of_them()))
    give(made)
    return made


def begin_anew() -> None:
    """Forget all folders after a fork: they belong to the parent."""
    _made.clear()


def remove() -> None:
    """Remove all folders, in a process that ends without atexit."""
    while _made:
        shutil.rmtree(_made.pop(), ignore_errors=True)


#: The folder that contains all others. A delayed interruption is raised only after the folder has
#: been added here.
_made: list[Path] = []


def _all_of_them() -> Path:
    if not _made:
        with held():
            _made.append(Path(tempfile.mkdtemp(prefix="conformance-")))
            atexit.register(shutil.rmtree, _made[0], ignore_errors=True)
        let_through(_made[0])
    return _made[0]
