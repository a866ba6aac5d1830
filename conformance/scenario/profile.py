"""Profiles: a service, how one client of it is served, and its requirements.

A profile file declares its requirements next to the scenarios that judge them. This module
knows nothing about sockets, the start of a target, or pytest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.conduct import Conduct
from ..core.line import check_needs
from ..core.settings import Parameters, Settings
from ..core.verdict import Level, WrongUsage
from ..targets.address import STREAMS, TCP, TCP6
from .flooding import jam, may_end
from .requirement import SPEC, Declare, Requirement, Scenario

if TYPE_CHECKING:
    from ..clients.peer import Peer
    from .session import Session


class OwnMutant(NamedTuple):
    """A profile's own broken server, which proves a requirement (``selftest``).

    Arguments:
        command: the command, as for a target: started and stopped, without a shell.
        breaks: the word of the requirement that must find the fault; empty for any of them.
        directory: its working folder; None is the current folder.
    """

    command: str
    breaks: str = ""
    directory: str | None = None


class Profile:
    """One service: its parameters, how a client is served, and its requirements.

    Arguments:
        name: the name, as typed for PROFILE.
        title: one line for ``list``.
        parameters: all texts of the service with their defaults; by default there are none.
        first_input: bytes that the service answers, for the readiness probe.
        small_session: a small complete session of a new client, to its orderly end.
        transports: the transports over which the service can be provided.
        silent: whether the server never sends a byte, so that only its FIN answers the probe.
        late: whether a correct server may answer the probe only when the connection ends.
        base: the words of the requirements that make up the small session. A requirement needs
            these, unless it declares its own needs.
        settings: what ``--set`` accepts besides the parameters.
        half_close: whether the whole profile needs connections with a half-close.
        spec: the name of the contract in messages.
        allows: faults of faults/table.py that the contract allows: no requirement may see them.
    """

    def __init__(
        self,
        name: str,
        *,
        title: str,
        parameters: Mapping[str, bytes] = MappingProxyType({}),
        first_input: bytes,
        small_session: Callable[[Session], None],
        transports: tuple[str, ...],
        silent: bool = False,
        late: bool = False,
        base: tuple[str, ...] = (),
        settings: Settings | None = None,
        half_close: bool = False,
        spec: str = SPEC,
        allows: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.title = title
        self.parameters = parameters
        self.first_input = first_input
        self.small_session = small_session
        self.transports = transports
        self.silent = silent
        self.late = late
        self.base = base
        self.settings = settings or Settings()
        self.half_close = half_close
        self.spec = spec
        self.allows = allows
        self.mutants: dict[str, OwnMutant] = {}
        self.requirements: list[Requirement] = []

    def conduct(self, parameters: Parameters) -> Conduct:
        """Return a Conduct, which translates between one client's scenario and the service."""
        return self.settings.conduct(self.settings.in_force(parameters))

    def known_parameters(self) -> dict[str, bytes]:
        """Return all parameters that ``--set`` accepts for the service, with their defaults."""
        return {**self.parameters, **self.settings.manners}

    def must(self, words: str, clause: str, text: str, basis: str = "", **where: Any) -> Declare:
        """Declare a MUST; the result decorates its scenario.

        Arguments:
            words: the requirement's name, after ``PROFILE/``.
            clause: the number of the clause in the contract.
            text: one sentence that says what is required.
            basis: the source of the clause; the default is the clause itself.
            where: any of ``transports``, ``spawned``, ``needs``, ``unless``, ``half_close``,
                ``once``, ``about``, ``hint`` and ``line``, see Requirement; ``needs`` and
                ``unless`` are words.
        """
        return self._declare(Level.MUST, words, clause, text, basis, **where)

    def should(self, words: str, clause: str, text: str, basis: str = "", **where: Any) -> Declare:
        """Declare a SHOULD; the result decorates its scenario. The arguments are as for must()."""
        return self._declare(Level.SHOULD, words, clause, text, basis, **where)

    def mutant(
        self, name: str, command: str, breaks: str = "", directory: str | None = None
    ) -> None:
        """Declare the profile's own broken server. The arguments are those of OwnMutant."""
        if name in self.mutants:
            raise WrongUsage(f"{self.name}: the mutant {name} is declared twice")
        self.mutants[name] = OwnMutant(command, breaks, directory)

    def _declare(
        self,
        level: Level,
        words: str,
        clause: str,
        text: str,
        basis: str,
        transports: tuple[str, ...] | None = None,
        spawned: bool = False,
        needs: tuple[str, ...] | None = None,
        unless: tuple[str, ...] = (),
        half_close: bool = False,
        once: bool = False,
        brisk: bool = False,
        about: str = "",
        hint: str = "",
        line: tuple[str, ...] = (),
    ) -> Declare:
        def named(words: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(f"{self.name}/{one}" for one in words)

        def declare(scenario: Scenario) -> Scenario:
            identity = f"{self.name}/{words}"
            check_needs(line, f"{identity}: line")
            if any(known.id == identity for known in self.requirements):
                raise WrongUsage(f"{identity} is declared twice")
            self.requirements.append(
                Requirement(
                    identity,
                    level,
                    clause,
                    text,
                    basis or f"{self.spec} {clause}",
                    self.name,
                    self.transports if transports is None else transports,
                    spawned,
                    scenario,
                    named(self.base if needs is None else needs),
                    named(unless),
                    half_close or self.half_close,
                    once,
                    brisk,
                    about,
                    self.spec,
                    hint,
                    line,
                )
            )
            return scenario

        return declare


class StreamProfile(Profile):
    """A service over streams, with the details that the common requirements need.

    Arguments, besides those of every profile (requirements are given as words):
        half_input: an unfinished message.
        serve: a small complete session of an opened client, to its orderly end.
        open: takes what a client gets at the start (the greeting); None takes nothing.
        stall: makes an opened client that does not read although the server has much to write
            to it; None sends ``first_input`` repeatedly, until the server ends or waits.
        chatter: bytes that a client may send at any time, without any effect.
        provoke: makes the server write to a stalled client.
        ends_by_itself: whether the server ends the connection without waiting for FIN.
        apart: the requirement that clients get nothing from one another.
        stalled: the requirements that must hold so that a client stalls, or harms others.
        timely: the requirement on the time of the server's first bytes.
        unheard: the requirements that the server ignores unexpected input.
        leavers: the requirements which say that a client may leave before the end.
    """

    def __init__(
        self,
        name: str,
        *,
        title: str,
        parameters: Mapping[str, bytes] = MappingProxyType({}),
        first_input: bytes,
        half_input: bytes,
        serve: Callable[[Session, Peer], None],
        open: Callable[[Session, Peer], None] | None = None,  # noqa: A002 - the conversation
        stall: Callable[[Session, Peer], None] | None = None,
        transports: tuple[str, ...] = STREAMS,
        chatter: bytes = b"",
        provoke: Callable[[Peer], None] | None = None,
        ends_by_itself: bool = False,
        silent: bool = False,
        base: tuple[str, ...] = (),
        apart: tuple[str, ...] = (),
        stalled: tuple[str, ...] = (),
        timely: tuple[str, ...] = (),
        unheard: tuple[str, ...] = (),
        leavers: tuple[str, ...] = (),
        settings: Settings | None = None,
        half_close: bool = False,
        spec: str = SPEC,
        allows: tuple[str, ...] = (),
    ) -> None:
        super().__init__(
            name,
            title=title,
            parameters=parameters,
            first_input=first_input,
            small_session=lambda session: session.serve(session.join()),
            transports=transports,
            silent=silent,
            late=silent or ends_by_itself or provoke is not None,
            base=base,
            settings=settings,
            half_close=half_close,
            spec=spec,
            allows=allows,
        )
        self.half_input = half_input
        self.open = open or _nothing
        self.serve = serve
        self.stall = stall or self._send_and_do_not_read
        self.chatter = chatter
        self.provoke = provoke
        self.ends_by_itself = ends_by_itself
        self.apart = apart
        self.stalled = stalled
        self.timely = timely
        self.unheard = unheard
        self.leavers = leavers

    def _send_and_do_not_read(self, session: Session, peer: Peer) -> None:
        with may_end():
            jam(session, peer, self.first_input)


class ClientProfile(Profile):
    """A profile for clients: the target is the client, and the suite is its server."""

    def __init__(
        self,
        name: str,
        *,
        title: str,
        parameters: Mapping[str, bytes] = MappingProxyType({}),
        small_session: Callable[[Session], None],
        base: tuple[str, ...] = (),
        settings: Settings | None = None,
        spec: str = SPEC,
    ) -> None:
        super().__init__(
            name,
            title=title,
            parameters=parameters,
            first_input=b"",
            small_session=small_session,
            transports=(TCP, TCP6),
            base=base,
            settings=settings,
            spec=spec,
        )


def _nothing(_session: Session, _peer: Peer) -> None:
    """Take nothing: the service sends nothing on connect."""
