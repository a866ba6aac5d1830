"""Checks that find mistakes in steps before they are performed. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..core.nearest import meant, nearest
from ..core.transcript import escape
from .automaton import automaton_of
from .cursor import Mistake
from .read_terms import compiled
from .regular import Unsupported
from .steps import FIRST, Misread, Step, every, names_given, names_used
from .terms import Regex, Text, pattern, value, walk

#: Steps that await something from the server, and those that need an open sending direction.
RECEIVE = frozenset(
    {"expect", "skip-to", "exchange", "end", "expect-end", "expect-reset", "nothing-yet"}
)
SEND = frozenset({"send", "segments", "flood", "exchange", "eof"})

#: Steps that make a client, and those after which the server sends nothing more to it.
ARRIVE, ENDS = frozenset({"connect", "join"}), frozenset({"end", "expect-end", "expect-reset"})
LEAVE = frozenset({"reset", "close"})

#: Steps of a terminal, which is separate from the clients of the other steps.
TERMINAL = frozenset({"terminal", "type", "see"})

#: The similarity from which a client's name counts as a misspelling of another one's.
LIKENESS = 0.8

#: A name as it would be written in the texts of a shell, or of a template.
_NAME_IN_TEXT = re.compile(
    rb"\$([A-Za-z_][A-Za-z0-9_]*)|\$\{([A-Za-z_][A-Za-z0-9_-]*)\}|\{\{ *\.?([A-Za-z_][\w-]*) *\}\}"
)


def check_names(steps: Iterable[Step], known: set[str]) -> set[str]:
    """Check that every name is known when it is used.

    Arguments:
        known: the parameters, and the names that were captured before.
    Returns the names that are known at the end. Raises Misread.
    """
    known = set(known)
    for step in steps:
        for name in names_used(step):
            if name not in known:
                near = meant(name, known)
                near = near or (f" (known: {', '.join(sorted(known))})" if known else "")
                raise Misread(step.line, f"unknown name ${name}{near}")
        _check_texts(step, known)
        known |= set(names_given(step))
        if step.verb == "repeat":
            known = check_names(step.steps, known | {"i"}) - {"i"}
    return known


def check_given(steps: Iterable[Step], patterns: Mapping[str, str]) -> None:
    """Check that no captured or given name is the name of a pattern. Raises Misread."""
    for step in every(tuple(steps)):
        for name in names_given(step):
            if name in patterns:
                raise Misread(step.line, f"there is a pattern ${name} already ([patterns])")


def _check_texts(step: Step, known: set[str]) -> None:
    for found in (*step.terms, step.answer):
        for term in walk(found):
            if not isinstance(term, Text):
                continue
            for found_name in _NAME_IN_TEXT.finditer(term.data):
                name = found_name[found_name.lastindex or 0].decode()
                if name in known:
                    shown = found_name[0].decode()
                    raise Misread(
                        step.line,
                        f'in quotes {shown} is text: write "..." ${name} "..." '
                        f"(or \\x{ord(shown[0]):02x}{shown[1:]} for the text)",
                    )


class _Clients:
    """The states of the clients so far: name -> the line of the step that caused the state."""

    def __init__(self, datagrams: bool) -> None:
        self.datagrams = datagrams
        self.there: dict[str, int] = {}
        self.left: dict[str, int] = {}
        self.ended: dict[str, int] = {}
        self.heard_out: dict[str, int] = {}


def check_clients(steps: Iterable[Step], joined: bool = False, datagrams: bool = False) -> None:
    """Check that no step belongs to a client that has left, or whose name seems misspelt.

    Arguments:
        joined: whether the client A is already connected.
        datagrams: whether the clients are senders of datagrams, which may be used after leaving.
    Raises Misread.
    """
    clients = _Clients(datagrams)
    if joined:
        clients.there[FIRST] = 0
    for step in every(tuple(steps)):
        # The clients of a loop have numbers in their names, and are made anew in each round.
        if step.client and "$" not in step.client and step.verb not in TERMINAL:
            _check_client(step, step.client, clients)


def _check_client(step: Step, name: str, clients: _Clients) -> None:
    if step.verb in ARRIVE:
        if name in clients.there:
            raise Misread(step.line, f"{name} is connected already (line {clients.there[name]})")
        for gone in (clients.left, clients.ended, clients.heard_out):
            gone.pop(name, None)
        clients.there[name] = step.line
        return
    if name in clients.left:
        raise Misread(
            step.line,
            f"{name} has left (line {clients.left[name]}); a new client begins with "
            f"'{name}: join' or '{name}: connect'",
        )
    if name not in clients.there:
        near = nearest(name, clients.there, LIKENESS) if len(name) > 2 else None
        if near:
            raise Misread(
                step.line,
                f"unknown client {name!r} (did you mean {near}?); a new client with such a name "
                f"begins with '{name}: join'",
            )
        clients.there[name] = step.line
    if step.verb in SEND and name in clients.ended:
        raise Misread(
            step.line,
            f"{name} cannot send: it has ended its direction (line {clients.ended[name]})",
        )
    if step.verb in RECEIVE and name in clients.heard_out:
        raise Misread(
            step.line,
            f"nothing more can come to {name}: the server's end is awaited in line "
            f"{clients.heard_out[name]}",
        )
    _note(step, name, clients)


def _note(step: Step, name: str, clients: _Clients) -> None:
    if step.verb == "eof":
        clients.ended[name] = step.line
    if step.verb in ENDS:
        clients.heard_out[name] = step.line
    if step.verb in LEAVE:
        if not clients.datagrams:
            clients.left[name] = step.line
        del clients.there[name]


def check_patterns(steps: Iterable[Step], datagrams: bool = False) -> None:
    """Check that every pattern defines where its text ends, in whatever pieces it arrives.

    Arguments:
        datagrams: whether the text is a datagram, which has a known end.
    Raises Misread.
    """
    for step in every(tuple(steps)):
        if step.verb in ("expect", "skip-to"):
            try:
                _check_pattern(step, datagrams)
            except (Mistake, Unsupported) as error:
                raise Misread(step.line, str(error)) from None


def _check_pattern(step: Step, datagrams: bool) -> None:
    sources = []
    for found in step.terms:
        source = pattern(found, _Unknown())
        shown = "/".join(["", *(term.source for term in found if isinstance(term, Regex)), ""])
        if source is not None:
            compiled(source, shown.strip("/"))
            try:
                automaton = automaton_of(source)
            except Unsupported as error:
                raise Mistake(
                    f"the pattern {shown} {error}: that cannot be decided while bytes come"
                ) from None
            twins = None if datagrams else automaton.ambiguity()
            if twins:
                raise Mistake(f"the pattern {shown} {_open(*twins)}")
        sources.append(source or re.escape(value(found, _Unknown())))
    if len(sources) > 1 and not datagrams:
        twins = automaton_of(b"|".join(b"(?:%s)" % one for one in sources)).ambiguity()
        if twins:
            raise Mistake(f"one of these {_open(*twins)}")


def _open(short: bytes, long: bytes) -> str:
    return (
        f'does not tell where its text ends: "{escape(short)}" may be the beginning of '
        f'"{escape(long)}"; write what follows it, as in /[0-9]+/ "\\r\\n" '
        "(\\Z is the server's FIN)"
    )


class _Unknown:
    """A scope for checking patterns: names and generated data have placeholder values."""

    def named(self, name: str) -> bytes:
        """Return a placeholder for a name."""
        return b"1" if name == "i" else b"\x01%s\x01" % name.encode()

    def made(self, kind: str, _size: int) -> bytes:
        """Return a placeholder for generated data."""
        return b"\x02%s\x02" % kind.encode()


def clients_of(steps: Iterable[Step]) -> set[str]:
    """Return the names of the clients that take part."""
    return {step.client for step in every(tuple(steps)) if step.client}


def reads_after_eof(steps: Iterable[Step]) -> bool:
    """Return whether a client awaits something after it has ended its direction: a half-close."""
    ended: set[str] = set()
    for step in every(tuple(steps)):
        if step.verb == "eof":
            ended.add(step.client)
        elif step.client in ended and step.verb in RECEIVE:
            return True
    return False


def check_needs(needs: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return a circle of requirements that need one another; empty if there is none."""
    done: set[str] = set()

    def look(name: str, way: tuple[str, ...]) -> tuple[str, ...]:
        if name in way:
            return (*way[way.index(name) :], name)
        if name in done:
            return ()
        for other in needs.get(name, ()):
            if circle := look(other, (*way, name)):
                return circle
        done.add(name)
        return ()

    for name in needs:
        if circle := look(name, ()):
            return circle
    return ()
