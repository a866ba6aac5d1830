"""The number of cases that are judged at a time, and a setting that makes each process faster.

A scenario spends most of its time waiting: for a server to start, for a quiet connection to stay
open, for an answer that a broken server never sends. Waiting uses no processor time, so more
cases are in flight than there are cores.
"""

from __future__ import annotations

import gc
import os
import sys

#: Cases in flight for each core, and the most in total. There are more on systems where a worker
#: is forked (workers.py) than on those where a worker starts Python.
CASES_PER_CORE, MOST_AT_ONCE = (6, 12) if sys.platform == "linux" else (4, 8)

#: The fewest cases that are worth a process, because a process takes longer to start than most
#: cases take.
CASES_PER_WORKER = 6


#: The factor for mutants. Most of them do not answer, so a case mostly waits for a deadline.
MUTANTS_FACTOR = 2


def in_flight(cases: int, mutants: bool = False) -> int:
    """Return the number of workers for a number of cases.

    Arguments:
        mutants: whether the servers that are judged are broken.
    """
    cores = os.cpu_count() or 1
    most = max(cores, min(MOST_AT_ONCE, CASES_PER_CORE * cores))
    if mutants and sys.platform == "linux":
        most *= MUTANTS_FACTOR
    return max(1, min(most, -(-cases // CASES_PER_WORKER)))


def pytest_collection_finish() -> None:
    """Exclude all objects that exist now from every later garbage collection."""
    gc.collect()
    gc.freeze()
