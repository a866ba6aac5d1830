"""The table of mutants: embedded servers with one named fault each.

Pure data: the suite reads it, and so does the server that serves them, which runs
without site-packages; it imports nothing but the standard library.
"""

from __future__ import annotations

from collections import namedtuple

#: ``breaks`` is the id of the one requirement that the fault violates on purpose.
Mutant = namedtuple("Mutant", "breaks text")

#: PROFILE/NAME -> Mutant
MUTANTS: dict[str, Mutant] = {}
