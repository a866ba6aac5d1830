"""Make a profile from the content of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.nearest import meant
from ..core.settings import MANY, ONE, Rule, Settings
from ..core.verdict import Level, WrongUsage
from ..profiles.common import GROUPS, every_stream_service
from ..scenario.flooding import may_end
from ..scenario.profile import Profile, StreamProfile
from ..scenario.requirement import SPEC, Requirement
from .checks import check_needs
from .play import Script
from .scope import Template
from .source import Source, Way
from .steps import every
from .terms import Applied, Repeated, Terms, names_in

if TYPE_CHECKING:
    from ..clients.peer import Peer
    from ..scenario.session import Session

#: Keys of [session] that name requirements.
_WORDS = ("apart", "stalled", "timely", "unheard", "leavers")

#: The shared clauses that need several clients at a time.
_SEVERAL = frozenset({"concurrent", "idle-64", "idle"})


class Talk(NamedTuple):
    """The description of a session in the file. ``table`` is [session]."""

    table: Mapping[str, Any]
    transports: tuple[str, ...]
    datagrams: bool
    opens: Script
    serves: Script
    stalls: Script
    first_input: bytes
    half_input: bytes
    chatter: bytes
    half_close: bool


class Clause(NamedTuple):
    """The description of a requirement in the file; ``way`` is its place."""

    words: str
    level: Level
    clause: str
    text: str
    basis: str
    transports: tuple[str, ...]
    spawned: bool
    half_close: bool
    once: bool
    hint: str
    needs: list[str] | None
    unless: tuple[str, ...]
    skips: tuple[tuple[str, bytes, str], ...]
    script: Script
    several: bool
    line: tuple[str, ...]
    way: Way


def shared_parts(source: Source, table: Mapping[str, Any], serves: bool) -> tuple[str, ...]:
    """Return the parts of the shared clauses that the file asks for. Raises WrongUsage."""
    asked = table.get("shared", serves)
    if isinstance(asked, bool):
        asked = GROUPS if asked else ()
    for part in asked:
        if part not in GROUPS:
            near = meant(part, GROUPS) or f" (known: {', '.join(GROUPS)})"
            raise source.wrong(("shared",), f"unknown part {part!r} of the shared clauses{near}")
    if asked and not serves:
        raise source.wrong(("shared",), "the shared clauses need [session] with serve")
    return tuple(asked)


def made(
    source: Source,
    top: Mapping[str, Any],
    name: str,
    talk: Talk,
    clauses: list[Clause],
    templates: Mapping[str, Template],
) -> Profile:
    """Return the profile. Raises WrongUsage."""
    serves = bool(talk.serves.steps)
    parts = () if talk.datagrams else shared_parts(source, top, serves)
    if talk.datagrams and top.get("shared"):
        raise source.wrong(("shared",), "a profile of datagrams has no shared clauses")
    if not serves:
        raise source.wrong(("session",), "[session] has no serve: a small session of one client")
    base = tuple(talk.table.get("base", ()))
    common: dict[str, Any] = {
        "title": top.get("title", name),
        "parameters": MappingProxyType({key: one.default for key, one in templates.items()}),
        "first_input": talk.first_input,
        "transports": talk.transports,
        "silent": talk.table.get("silent", False),
        "base": base,
        "settings": _settings(top, talk, clauses, templates, bool(parts)),
        "half_close": talk.half_close,
        "spec": top.get("spec", SPEC),
        "allows": tuple(top.get("allows", ())),
    }
    profile: Profile
    if talk.datagrams:
        profile = Profile(name, small_session=talk.serves.exchange, **common)
    else:
        profile = StreamProfile(
            name,
            half_input=talk.half_input,
            open=talk.opens.take,
            serve=talk.serves.take,
            stall=_stalling(talk.stalls) if talk.stalls.steps else None,
            chatter=talk.chatter,
            ends_by_itself=talk.table.get("ends-by-itself", False),
            **{**common, **{key: tuple(talk.table.get(key, ())) for key in _WORDS}},
        )
    _declare(profile, clauses, base)
    if isinstance(profile, StreamProfile):
        _declare_shared(source, profile, parts)
    _check_words(source, profile, talk, clauses)
    _declare_mutants(source, profile, top.get("mutants", {}))
    return profile


def _stalling(script: Script) -> Callable[[Session, Peer], None]:
    def stall(session: Session, peer: Peer) -> None:
        with may_end():
            script.take(session, peer)

    return stall


def _declare(profile: Profile, clauses: list[Clause], base: tuple[str, ...]) -> None:
    """Declare the profile's own requirements.

    A requirement needs the base, unless it declares its own needs or the base itself needs it.
    """
    given = {clause.words: clause.needs for clause in clauses}
    of_the_base: set[str] = set()
    waiting = list(base)
    while waiting:
        word = waiting.pop()
        if word not in of_the_base:
            of_the_base.add(word)
            waiting += given.get(word) or ()
    for clause in clauses:
        declare = {Level.MUST: profile.must, Level.SHOULD: profile.should}[clause.level]
        needs = clause.needs
        if needs is None:
            needs = [] if clause.words in of_the_base else list(base)
        declare(
            clause.words,
            clause.clause,
            clause.text,
            clause.basis or f"{profile.spec} {clause.clause}",
            transports=tuple(one for one in clause.transports if one in profile.transports),
            spawned=clause.spawned,
            needs=tuple(needs),
            unless=clause.unless,
            half_close=clause.half_close,
            once=clause.once,
            hint=clause.hint,
            line=clause.line,
        )(clause.script.judge)


def _declare_shared(source: Source, profile: StreamProfile, parts: tuple[str, ...]) -> None:
    own = {one.id for one in profile.requirements}
    try:
        every_stream_service(profile, writes=not profile.silent, only=parts)
    except WrongUsage:
        word = next(
            one.word for one in _shared_requirements(parts) if f"{profile.name}/{one.word}" in own
        )
        text = f"{word!r} is the id of a shared requirement (SPEC 7): take another one"
        raise source.wrong(_way_to(source, word), text) from None


def _shared_requirements(parts: tuple[str, ...]) -> list[Requirement]:
    profile = StreamProfile(
        "shared",
        title="",
        first_input=b"",
        half_input=b"",
        serve=lambda _session, _peer: None,
    )
    every_stream_service(profile, only=parts)
    return profile.requirements


def _declare_mutants(source: Source, profile: Profile, mutants: Mapping[str, Any]) -> None:
    known = [one.word for one in profile.requirements]
    for name, table in mutants.items():
        breaks = table.get("breaks", "")
        if breaks and breaks not in known:
            text = f"there is no requirement {breaks!r}{meant(breaks, known)}"
            raise source.wrong(("mutants", name, "breaks"), text)
        profile.mutant(name, table["command"], breaks, str(source.path.parent))


def _way_to(source: Source, word: str) -> Way:
    for number, table in enumerate(source.document.get("requirement", [])):
        if table.get("id") == word:
            return ("requirement", number, "id")
    return ()


def _check_words(source: Source, profile: Profile, talk: Talk, clauses: list[Clause]) -> None:
    """Check that needed requirements exist, and that none needs itself. Raises WrongUsage."""
    known = {one.word for one in profile.requirements}

    def check(way: Way, words: list[str] | tuple[str, ...]) -> None:
        for word in words:
            if word not in known:
                near = meant(word, known)
                raise source.wrong(way, f"{way[-1]}: there is no requirement {word!r}{near}")

    for key in ("base", *_WORDS):
        check(("session", key), talk.table.get(key, ()))
    for clause in clauses:
        check((*clause.way, "needs"), clause.needs or ())
        check((*clause.way, "unless"), clause.unless)
    needs = {
        one.word: [need.partition("/")[2] for need in (*one.needs, *one.unless)]
        for one in profile.requirements
    }
    circle = check_needs(needs)
    if circle:
        own = [word for word in circle if any(word == clause.words for clause in clauses)]
        way = _way_to(source, own[0]) if own else ("session", "base")
        way = (*way[:-1], "needs") if own else way
        raise source.wrong(way, f"requirements that need one another: {' -> '.join(circle)}")


# Settings.


def _settings(
    top: Mapping[str, Any],
    talk: Talk,
    clauses: list[Clause],
    templates: Mapping[str, Template],
    shares: bool,
) -> Settings:
    rules = [
        Rule(_is(name, value), frozenset({clause.words}), reason)
        for clause in clauses
        for name, value, reason in clause.skips
    ]
    manners: dict[str, bytes] = {}
    if shares and "clients" not in templates:
        manners["clients"] = MANY
        several = {clause.words for clause in clauses if clause.several}
        reason = "clients=1: there is one client at a time"
        rules.append(Rule(_is("clients", ONE), _SEVERAL | several, reason))
    meanings = {
        name: table["about"]
        for name, table in top.get("parameters", {}).items()
        if isinstance(table, dict) and "about" in table
    }
    return Settings(
        manners,
        tuple(rules),
        check=_check,
        patterns=_patterns(talk, clauses, templates),
        meanings={"clients": "many or 1: how many are served at a time", **meanings},
    )


def _is(name: str, value: bytes) -> Callable[[Mapping[str, bytes]], bool]:
    return lambda known: known.get(name) == value


def _check(key: str, value: bytes) -> None:
    if key == "clients" and value not in (MANY, ONE):
        raise WrongUsage("--set: clients must be many or 1")


def _patterns(
    talk: Talk, clauses: list[Clause], templates: Mapping[str, Template]
) -> tuple[str, ...]:
    """Return the parameters that can be patterns: they are only awaited, and stand alone."""
    if talk.datagrams:
        return ()
    fixed = {name for one in templates.values() for name in names_in(one.terms)}
    scripts = [talk.opens, talk.serves, talk.stalls, *(clause.script for clause in clauses)]
    for script in scripts:
        for step in every(script.steps):
            awaits = step.verb in ("expect", "skip-to")
            for found in (*step.terms, step.answer):
                fixed |= set(names_in(_inner(found) if awaits else found))
    return tuple(name for name in templates if name not in fixed)


def _inner(found: Terms) -> Terms:
    """Return the terms in which a name must have bytes, not a pattern."""
    return tuple(term for term in found if isinstance(term, (Applied, Repeated)))
