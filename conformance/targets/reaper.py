"""The reaper: it ends the servers if the suite itself is killed (helpers/reaper.py).

It is started before the first server, and each server has a mark in its environment variables,
because the suite may be killed before it has told the reaper about a server.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

from ..core.system import start_process

_NAME = "CONFORMANCE_REAPED"


class _Reaper:
    """The reaper process of this process; there is only one."""

    _process: subprocess.Popen[bytes] | None = None
    _mark = ""
    _owner = 0

    @classmethod
    def marking(cls) -> dict[str, str]:
        """Return the variable with the mark for a server; start the reaper if none runs."""
        if os.name != "posix":
            return {}
        if cls._owner != os.getpid():
            # A forked child has its own reaper and its own mark.
            cls._process, cls._mark, cls._owner = None, secrets.token_hex(16), os.getpid()
        if cls._process is None or cls._process.poll() is not None:
            cls._start()
        # The process that started the judge of a class watches it as well: servers of the judge
        # have both marks.
        return {_NAME: f"{os.environ.get(_NAME, '')}:{cls._mark}"}

    @classmethod
    def _start(cls) -> None:
        script = Path(__file__).parent / "helpers" / "reaper.py"
        argv = [sys.executable, "-I", "-S", str(script), cls._mark]
        cls._process = start_process(
            lambda: subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True), argv[0]
        )

    @classmethod
    def tell(cls, sign: str, group: int | str = "") -> None:
        """Report a new process group (``+``), or that it has ended (``-``).

        ``*`` reports the owner of containers.
        """
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
        """End the reaper; everything that it watched must have been stopped."""
        cls.tell(".")
        if cls._process is not None and cls._owner == os.getpid():
            assert cls._process.stdin is not None
            cls._process.stdin.close()
            cls._process.wait()
            cls._process = None


marking = _Reaper.marking
watched = _Reaper.tell
dismiss_reaper = _Reaper.dismiss
