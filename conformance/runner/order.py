"""The order in which workers begin the cases of a run.

A run is as fast as its processors are busy. Some cases only wait, for example to see that a quiet
connection stays open. If all workers wait for such a case at the same time, or if one begins last,
the processors are idle. A requirement that takes time is judged over one transport only (``once``),
so these are known before the run.
"""

from __future__ import annotations

from ..plan import Plan
from ..scenario.requirement import Requirement

#: Cases that may take long come first; then those that need none of them, which are judged
#: meanwhile; then the others, which would have to wait for their outcome.
LONG, FREE, WAITS = range(3)


def ranks(plan: Plan) -> list[int]:
    """Return the rank of each case of a plan: LONG, FREE or WAITS.

    Mutants keep their order. With the long cases first, up to 3 of 533 were not recognised: those
    of servers that lose what is in a bounded buffer. Bytes whose acknowledgement was late counted
    twice then (see ``written`` in queues.py); the order has not been measured again since.
    """
    requirements = plan.catalogue.requirements
    known: dict[str, int] = {}

    def rank(one: Requirement) -> int:
        if one.id not in known:
            known[one.id] = FREE  # also for a circle
            needed = [requirements[name] for name in (*one.needs, *one.unless)]
            waits = any(each.once or rank(each) == WAITS for each in needed)
            known[one.id] = LONG if one.once else WAITS if waits else FREE
        return known[one.id]

    return [FREE if case.mutant else rank(case.requirement) for case in plan.cases]
