"""Random transfers: with any sizes, pauses and orders of closing, no byte is lost silently.

A transfer is a listener and a client that send to each other. At least one of them is pync, in
one of its dialects. A seed determines everything, so ``--seed`` repeats a run. Each transfer
must meet these conditions:

- The received data is the sent data, or a prefix of it.
- If nothing disturbs the transfer, all data arrives, and pync's exit status is 0.
- If something does (a reader that exits, a sender that is killed), bytes are missing only if
  pync reports it by its exit status.
- Both programs have exited ten seconds after the last byte.

Inputs that the real programs, or pync in their dialects, drop by design are not generated. See
``_spare`` in plans.py and docs/endings.md.
"""

from .plans import REAL, Plan, plan
from .running import run

__all__ = ["REAL", "Plan", "plan", "run"]
