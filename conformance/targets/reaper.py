"""The reaper: it ends the servers of a suite that was itself killed (helpers/reaper.py).

It runs before the first server is started, and each server carries a mark in its variables: the
suite may be killed before it has told the reaper of a server.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

_NAME = "CONFORMANCE_REAPED"


class _Reaper:
    """The one reaper process of this process."""

    _process: subprocess.Popen[bytes] | None = None
    _mark = ""
    _owner = 0

    @classmethod
    def marking(cls) -> dict[str, str]:
        """The variable that a server is started with; from now on there is a reaper."""
        if os.name != "posix":
            return {}
        if cls._owner != os.getpid():
            # A child that was forked has a reaper and a mark of its own.
            cls._process, cls._mark, cls._owner = None, secrets.token_hex(16), os.getpid()
        if cls._process is None or cls._process.poll() is not None:
            cls._start()
        # A judge of a class is itself watched by who started it: its servers carry both marks.
        return {_NAME: f"{os.environ.get(_NAME, '')}:{cls._mark}"}

    @classmethod
    def _start(cls) -> None:
        script = Path(__file__).parent / "helpers" / "reaper.py"
        cls._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), cls._mark],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    @classmethod
    def tell(cls, sign: str, group: int | str = "") -> None:
        """Say that there is a process group (``+``), or that it has ended (``-``)."""
        if cls._process is None or cls._owner != os.getpid():
            return
        assert cls._process.stdin is not None
        try:
            cls._process.stdin.write(f"{sign}{group}\n".encode())
            cls._process.stdin.flush()
        except OSError:
            cls._process = None

    @classmethod
    def dismiss(cls) -> None:
        """End the reaper; everything that it watched has been stopped."""
        cls.tell(".")
        if cls._process is not None and cls._owner == os.getpid():
            assert cls._process.stdin is not None
            cls._process.stdin.close()
            cls._process.wait()
            cls._process = None


marking = _Reaper.marking
watched = _Reaper.tell
dismiss_reaper = _Reaper.dismiss
