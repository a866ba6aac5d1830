"""What a run is asked for, and one case of it: plain values, that travel to the workers."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..scenario.requirement import Requirement


class Options(NamedTuple):
    """What was asked for, as text; every worker makes its plan from the same options.

    ``typed`` to ``scope`` come from a target file: what was typed for it, the server's variables
    and folder, an address for each profile, and how long a server lives. ``started`` is what a
    line that judges a case again begins with: a worker was started otherwise. ``load`` names
    profiles of one's own as typed, ``file_load`` those of a target file; ``sources`` is what was
    read there (loading/). ``only`` are the names of the cases that are judged, if not all;
    ``repeat`` is how many times each is. ``links`` is what the line to the server does
    (core/line.py). ``patience`` is the deadline of what a right server has failed in a self-test,
    when it is judged once more.
    """

    target: str = "ref:python"
    profile: str | None = None
    at: str | None = None
    settings: str = ""
    cases: tuple[str, ...] = ()
    skips: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    shard: tuple[int, int] | None = None
    repeat: int = 1
    links: tuple[str, ...] = ()
    transports: tuple[str, ...] = ()
    deadline: float = 10.0
    patience: float = 10.0
    seed: str = "1"
    client: str | None = None
    level: str = "must"
    expect: str | None = None
    selftest: bool = False
    kill_matrix: bool = False
    faults: tuple[str, ...] = ()
    typed: str | None = None
    environment: tuple[tuple[str, str], ...] = ()
    directory: str | None = None
    addresses: tuple[tuple[str, str], ...] = ()
    scope: str = "scenario"
    started: tuple[str, ...] = ()
    load: tuple[str, ...] = ()
    file_load: tuple[str, ...] = ()
    sources: tuple[tuple[Any, ...], ...] = ()


def loads(options: Options) -> dict[str, str]:
    """What a line to paste needs where profiles were loaded, as command_line() takes it."""
    return {"load": ",".join(options.load)} if options.load else {}


def line_words(options: Options) -> dict[str, str]:
    """The same for the line that was judged over."""
    return {"link": ";".join(options.links)} if options.links else {}


def load_words(options: Options) -> tuple[str, ...]:
    """The same as words."""
    return tuple(word for name, value in loads(options).items() for word in (f"--{name}", value))


def as_typed(options: Options, profile: str) -> dict[str, str]:
    """What has to be typed again to judge a profile of the same target in the same way."""
    always = {**loads(options), **line_words(options)}
    if options.typed:
        return {**always, "profile": profile}
    typed = {"at": options.at, "set": options.settings, "client": options.client}
    return {**always, **{name: value for name, value in typed.items() if value}}


class Case(NamedTuple):
    """One requirement over one transport; with ``mutant``, the proof that it can fail.

    A mutant with a ``fault`` is the target itself, behind a proxy that does this to it (faults/).
    ``again``: it has failed, and what failed may have been the machine, which was too slow.
    """

    requirement: Requirement
    transport: str
    skip: str | None = None
    mutant: str | None = None
    fault: str = ""
    again: bool = False

    @property
    def name(self) -> str:
        """Unique in a plan."""
        name = f"{self.requirement.id}@{self.transport}"
        return f"{name}!{self.mutant.partition('/')[2]}" if self.mutant else name
