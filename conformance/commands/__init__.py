"""The commands of the suite: words of the command line in, an exit status out.

Each takes what docopt has read. Only words become options here; the wings below do the work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.verdict import Exit
from . import authoring, catalogue, judging, proving, results

#: Command -> what runs it.
COMMANDS: dict[str, Callable[[dict[str, Any]], Exit]] = {
    "run": judging.run,
    "list": catalogue.list_,
    "explain": catalogue.explain,
    "selftest": proving.selftest,
    "doctor": judging.doctor,
    "new": authoring.new,
    "record": authoring.record,
    "matrix": results.matrix,
    "merge": results.merge,
    "diff": results.diff,
    "baseline": results.baseline,
}
