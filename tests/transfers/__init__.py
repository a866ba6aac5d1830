"""Random transfers: whatever the sizes, pauses and orders of ending, no byte is lost silently.

A transfer is a listener and a client that send to each other; at least one of them is pync, in
one of its dialects. A seed decides everything, so that ``--seed`` repeats a run. What has to
hold of each:

- What is received is what was sent, or its beginning.
- If nothing disturbs the transfer, all of it arrives, and pync's status is 0.
- If something does (a reader that leaves, a sender that is killed), bytes are missing only if
  a program of ours says so by its status.
- Nothing runs any more, ten seconds after the last byte.

Inputs that the real programs, or pync in their dialects, drop by design are not generated: see
``_spare`` in plans.py and docs/endings.md.
"""

from .plans import REAL, Plan, plan
from .running import run

__all__ = ["REAL", "Plan", "plan", "run"]
