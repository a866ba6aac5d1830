"""The reaper: it ends the servers of a suite that was itself killed (helpers/reaper.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


class _Reaper:
    """The one reaper process of this process, started with the first server."""

    _process: subprocess.Popen[bytes] | None = None

    @classmethod
    def tell(cls, sign: str, group: int) -> None:
        if os.name != "posix":
            return
        if cls._process is None or cls._process.poll() is not None:
            if sign == "-":
                return
            cls._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(__file__).parent / "helpers" / "reaper.py")],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
        assert cls._process.stdin is not None
        try:
            cls._process.stdin.write(f"{sign}{group}\n".encode())
            cls._process.stdin.flush()
        except OSError:
            cls._process = None

    @classmethod
    def dismiss(cls) -> None:
        """End the reaper; everything that it watched has been stopped."""
        if cls._process is not None:
            assert cls._process.stdin is not None
            cls._process.stdin.close()
            cls._process.wait()
            cls._process = None


watched = _Reaper.tell
dismiss_reaper = _Reaper.dismiss
