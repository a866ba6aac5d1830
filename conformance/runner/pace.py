"""How many cases are judged at a time, and what each process does to be quick at it.

Most of a scenario's time is waiting: for a server to start, for a quiet connection to stay
open, for an answer that a broken server never gives. Waiting takes no processor, so that more
cases are in flight than there are cores.
"""

from __future__ import annotations

import gc
import os
import sys

#: Cases in flight for each core, as long as they are not more than MOST_AT_ONCE: more where a
#: process is forked (workers.py) than where it starts Python.
CASES_PER_CORE, MOST_AT_ONCE = (6, 12) if sys.platform == "linux" else (4, 8)

#: The fewest cases that are worth a process, which takes longer to start than most cases take.
CASES_PER_WORKER = 6


#: Times as many for mutants, most of which do not answer: only the deadlines take time.
MUTANTS_FACTOR = 2


def in_flight(cases: int, mutants: bool = False) -> int:
    """The number of workers for so many cases.

    Arguments:
        mutants: what is judged is broken.
    """
    cores = os.cpu_count() or 1
    most = max(cores, min(MOST_AT_ONCE, CASES_PER_CORE * cores))
    if mutants and sys.platform == "linux":
        most *= MUTANTS_FACTOR
    return max(1, min(most, -(-cases // CASES_PER_WORKER)))


def pytest_collection_finish() -> None:
    """Leave what was made so far out of every later garbage collection."""
    gc.collect()
    gc.freeze()
