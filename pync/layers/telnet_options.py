"""The Q method (RFC 1143): options that cannot loop, as a table with state. No I/O.

Each option has two independent sides: what we do (DO/DONT come, WILL/WONT go) and what
the peer does (WILL/WONT come, DO/DONT go). Both obey the same table. A request that is
made while the answer to its opposite is awaited is queued, one deep; more cannot be.
"""

from __future__ import annotations

NO, YES = "no", "yes"
#: We asked to end, or to begin, and wait for the answer.
ENDING, BEGINNING = "ending", "beginning"
#: The same, and the opposite is to be asked for as soon as the answer is there.
ENDING_THEN_BEGIN, BEGINNING_THEN_END = "ending, then begin", "beginning, then end"

#: (state, event) -> (next state, what is sent: True is WILL or DO, False WONT or DONT).
#: Events: the peer says ``agree`` (to something that we would have), ``refuse`` (the same,
#: to something that we would not have), ``stop``; we ``begin`` or ``end``. What is missing
#: changes nothing and sends nothing.
TRANSITIONS: dict[tuple[str, str], tuple[str, bool | None]] = {
    (NO, "agree"): (YES, True),
    (NO, "refuse"): (NO, False),
    (NO, "begin"): (BEGINNING, True),
    (YES, "stop"): (NO, False),
    (YES, "end"): (ENDING, False),
    # An answer to DONT that says WILL is wrong; the RFC takes it as WONT.
    (ENDING, "agree"): (NO, None),
    (ENDING, "refuse"): (NO, None),
    (ENDING, "stop"): (NO, None),
    (ENDING, "begin"): (ENDING_THEN_BEGIN, None),
    (ENDING_THEN_BEGIN, "agree"): (YES, None),
    (ENDING_THEN_BEGIN, "refuse"): (YES, None),
    (ENDING_THEN_BEGIN, "stop"): (BEGINNING, True),
    (ENDING_THEN_BEGIN, "end"): (ENDING, None),
    (BEGINNING, "agree"): (YES, None),
    (BEGINNING, "refuse"): (YES, None),
    (BEGINNING, "stop"): (NO, None),
    (BEGINNING, "end"): (BEGINNING_THEN_END, None),
    (BEGINNING_THEN_END, "agree"): (ENDING, False),
    (BEGINNING_THEN_END, "refuse"): (ENDING, False),
    (BEGINNING_THEN_END, "stop"): (NO, None),
    (BEGINNING_THEN_END, "begin"): (BEGINNING, None),
}

#: States in which the option is what we want, whether or not the peer has said so.
WANTED = frozenset({YES, BEGINNING, ENDING_THEN_BEGIN})


class Side:
    """One side's options.

    Arguments:
        acceptable: the options that this side may begin when the peer says so.
    """

    def __init__(self, acceptable: frozenset[int]) -> None:
        self._acceptable = acceptable
        self._states: dict[int, str] = {}

    def hear(self, option: int, yes: bool) -> bool | None:
        """Return the peer's verb; returns what to answer: yes, no, or None for nothing."""
        if not yes:
            return self._step(option, "stop")
        return self._step(option, "agree" if option in self._acceptable else "refuse")

    def ask(self, option: int, yes: bool) -> bool | None:
        """Our own wish; returns what to send, or None for nothing."""
        return self._step(option, "begin" if yes else "end")

    def is_on(self, option: int) -> bool:
        """Return whether both sides have agreed to it."""
        return self._states.get(option, NO) == YES

    def is_wanted(self, option: int) -> bool:
        """Return whether it is on, or will be if the peer agrees."""
        return self._states.get(option, NO) in WANTED

    def _step(self, option: int, event: str) -> bool | None:
        state = self._states.get(option, NO)
        after, said = TRANSITIONS.get((state, event), (state, None))
        if after == NO:
            self._states.pop(option, None)
        else:
            self._states[option] = after
        return said
