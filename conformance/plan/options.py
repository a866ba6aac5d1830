"""The options of a run, and one case: plain values, which are sent to the workers."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..scenario.requirement import Requirement


class Options(NamedTuple):
    """The options of a run, as text; every worker makes its plan from the same options.

    ``typed`` to ``scope`` come from a target file: the name that was typed, the server's variables
    and folder, an address for each profile, and how long a server lives. ``started`` are the first
    words of a command that judges a case again; a worker cannot know them, because it was started
    in another way. ``load`` names the user's own profiles as typed, ``file_load`` those of a
    target file; ``sources`` is the content of both (loading/). ``only`` are the names of the cases
    to judge, if not all; ``repeat`` is how many times each is judged. ``links`` are the settings
    of the line to the server (core/line.py). ``patience`` is the deadline for a case that a
    correct server has failed in a self-test, when it is judged again.
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
    """Return the options for loaded profiles in a command to paste, see command_line()."""
    return {"load": ",".join(options.load)} if options.load else {}


def line_words(options: Options) -> dict[str, str]:
    """Return the options for the bad line in a command to paste."""
    return {"link": ";".join(options.links)} if options.links else {}


def load_words(options: Options) -> tuple[str, ...]:
    """Return the options for loaded profiles as words."""
    return tuple(word for name, value in loads(options).items() for word in (f"--{name}", value))


def as_typed(options: Options, profile: str) -> dict[str, str]:
    """Return the options to judge a profile of the same target again in the same way."""
    always = {**loads(options), **line_words(options)}
    if options.typed:
        return {**always, "profile": profile}
    typed = {"at": options.at, "set": options.settings, "client": options.client}
    return {**always, **{name: value for name, value in typed.items() if value}}


class Case(NamedTuple):
    """One requirement over one transport; with ``mutant``, a proof that it can fail.

    A mutant with a ``fault`` is the target itself, behind a proxy with that fault (faults/).
    ``again``: the case has failed before, perhaps only because the machine was too slow.
    """

    requirement: Requirement
    transport: str
    skip: str | None = None
    mutant: str | None = None
    fault: str = ""
    again: bool = False

    @property
    def name(self) -> str:
        """The name, which is unique in a plan."""
        name = f"{self.requirement.id}@{self.transport}"
        return f"{name}!{self.mutant.partition('/')[2]}" if self.mutant else name
