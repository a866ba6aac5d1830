"""The commands that write profiles: ``new`` and ``record``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.verdict import Exit
from ..plan import Options
from ..targets.launch import stop_servers


def new(given: dict[str, Any]) -> Exit:
    """Write a skeleton. Raises WrongUsage, NotWritten."""
    from ..authoring.new import create

    folder = Path(given["DIR"][0]) if given["DIR"] else None
    create(given["NAME"], folder, in_python=given["--python"])
    return Exit.CONFORMANT


def record(given: dict[str, Any]) -> Exit:
    """Record a session. Raises WrongUsage, Unreachable, NotWritten."""
    from ..authoring.record import OUTPUT
    from ..authoring.record import record as recorded

    options = Options(target=given["TARGET"], at=given["--at"], client=given["--client"])
    try:
        return recorded(options, Path(given["--output"] or OUTPUT), tuple(given["--mask"]))
    finally:
        stop_servers()
