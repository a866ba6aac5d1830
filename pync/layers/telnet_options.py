"""The Q method (RFC 1143): option negotiation without loops, as a table of states. No I/O.

Each option has two independent sides: what we do (we receive DO/DONT, and send WILL/WONT) and
what the peer does (we receive WILL/WONT, and send DO/DONT). Both use the same table. A request
that is made while the answer to the opposite one is awaited is queued; at most one can be.
"""

from __future__ import annotations

NO, YES = "no", "yes"
#: We have asked to end, or to begin, and wait for the answer.
ENDING, BEGINNING = "ending", "beginning"
#: The same, and we ask for the opposite after the answer.
ENDING_THEN_BEGIN, BEGINNING_THEN_END = "ending, then begin", "beginning, then end"

#: (state, event) -> (next state, what to send: True is WILL or DO, False WONT or DONT).
#: Events: ``agree`` (the peer says yes, and we accept it), ``refuse`` (it says yes, and we do
#: not), ``stop`` (it says no); we ``begin`` or ``end``. A missing pair changes nothing and
#: sends nothing.
TRANSITIONS: dict[tuple[str, str], tuple[str, bool | None]] = {
    (NO, "agree"): (YES, True),
    (NO, "refuse"): (NO, False),
    (NO, "begin"): (BEGINNING, True),
    (YES, "stop"): (NO, False),
    (YES, "end"): (ENDING, False),
    # WILL is a wrong answer to DONT; the RFC treats it as WONT.
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

#: States in which we want the option, whether or not the peer has agreed.
WANTED = frozenset({YES, BEGINNING, ENDING_THEN_BEGIN})


class Side:
    """One side's options.

    Arguments:
        acceptable: the options that may be switched on when the peer asks for them.
    """

    def __init__(self, acceptable: frozenset[int]) -> None:
        self._acceptable = acceptable
        self._states: dict[int, str] = {}

    def hear(self, option: int, yes: bool) -> bool | None:
        """Handle the peer's verb; return the answer: yes, no, or None for none."""
        if not yes:
            return self._step(option, "stop")
        return self._step(option, "agree" if option in self._acceptable else "refuse")

    def ask(self, option: int, yes: bool) -> bool | None:
        """Request an option on or off; return what to send, or None for nothing."""
        return self._step(option, "begin" if yes else "end")

    def is_on(self, option: int) -> bool:
        """Return whether both sides have agreed to the option."""
        return self._states.get(option, NO) == YES

    def is_wanted(self, option: int) -> bool:
        """Return whether the option is on, or will be if the peer agrees."""
        return self._states.get(option, NO) in WANTED

    def _step(self, option: int, event: str) -> bool | None:
        state = self._states.get(option, NO)
        after, said = TRANSITIONS.get((state, event), (state, None))
        if after == NO:
            self._states.pop(option, None)
        else:
            self._states[option] = after
        return said
