"""The steps of a script of ``--expect``: script.py parses them, a player plays them. Pure."""

from __future__ import annotations

from .script_terms import Terms
from .typed import NamedTuple


class Send(NamedTuple):
    """Bytes to send."""

    line: int
    data: Terms


class Segments(NamedTuple):
    """Bytes to send, each part separately; in pieces of ``size`` bytes if it is not 0."""

    line: int
    parts: tuple[Terms, ...]
    size: int


class Expect(NamedTuple):
    """A text that must come within so many seconds; ``shown`` is its form in the script.

    ``how``: "search" (other bytes may come before it) or "next"; with several texts, one of them,
    or with ``all_of`` all of them, in any order.
    """

    line: int
    texts: tuple[Terms, ...]
    shown: str
    seconds: float
    how: str = "search"
    all_of: bool = False


class Eof(NamedTuple):
    """End our direction."""

    line: int


class End(NamedTuple):
    """The peer's end, which must come within so many seconds.

    ``how``: "any" (data may come before it), "next" (FIN and nothing before it), "reset" (RST), or
    "either" (FIN or RST, and data may come before it).
    """

    line: int
    seconds: float
    how: str = "any"


class Leave(NamedTuple):
    """Close both directions, or abort them (``reset``)."""

    line: int
    abort: bool = False


class NothingYet(NamedTuple):
    """The check that nothing has been received so far."""

    line: int
    why: str = ""


class Let(NamedTuple):
    """Give bytes a name."""

    line: int
    name: str
    data: Terms


class Repeat(NamedTuple):
    """A repetition of steps, with $i from 1."""

    line: int
    times: str
    steps: tuple[Step, ...]


class Interact(NamedTuple):
    """The user takes over."""

    line: int


Step = Send | Segments | Expect | Eof | End | Leave | NothingYet | Let | Repeat | Interact


class Script(NamedTuple):
    """A script: its name, for messages, and its steps; ``exact`` keeps every byte for them."""

    name: str
    steps: tuple[Step, ...]
    exact: bool = False
