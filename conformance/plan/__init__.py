"""The plan: which requirements are judged, over which transports, against which target.

It makes an ordered list of cases from the options. No I/O: if only running a command can show
where it listens, preflight.py finds that out and passes it in as ``transports``.
"""

from __future__ import annotations

from ..core.invocation import command_line, hint, run_command
from ..core.line import parse_line
from ..core.nearest import meant
from ..core.settings import texts_of
from ..core.verdict import Level, WrongUsage
from ..mutants.catalogue import MUTANTS
from ..profiles import BUILT_IN
from ..scenario.catalogue import Catalogue
from ..scenario.profile import ClientProfile, Profile
from ..scenario.requirement import NOT_EXPRESSIBLE, PATH, PORT, PORT_AGAIN, Requirement
from ..targets.address import DATAGRAMS, IPV4_OF, PIPE, TRANSPORTS, UNIX, Address, parse
from ..targets.grammar import (
    INETD,
    INHERITS,
    AddressTarget,
    CommandTarget,
    MutantTarget,
    ReferenceTarget,
    Target,
    parse_settings,
    parse_target,
)
from ..targets.launch import ServerSpec
from . import proofs
from .options import Case, Options, as_typed, load_words, loads
from .selection import profile_of, selected, sharded
from .transports import kin, transports_of

__all__ = ["Case", "Options", "Plan", "address_of", "load_words", "loads"]


class Plan:
    """The plan of a run.

    Arguments:
        catalogue: all profiles, including those of ``options.load``.
    Raises WrongUsage for options that make no sense.
    """

    def __init__(
        self, options: Options, ipv6: bool = True, catalogue: Catalogue = BUILT_IN
    ) -> None:
        self.options = options
        self.catalogue = catalogue
        self.target = parse_target(options.target)
        self.at = parse(options.at) if options.at else None
        self.addresses = {name: parse(text) for name, text in options.addresses}
        self.profiles = self._profiles()
        self.parameters = self._parameters()
        self.line = parse_line(options.links)
        self.should_is_red = _level(options.level) == Level.SHOULD
        self.transports = self._transports()
        self.ipv6 = ipv6
        planned = self._cases()
        self._check_line(planned)
        if options.selftest:
            planned = proofs.cases_of(self, planned)
        #: All cases that are asked for; and the cases of this shard.
        asked = options.cases, options.skips, options.only
        self.whole = selected(planned, catalogue.requirements, *asked)
        self.cases = sharded(self.whole, options.shard)

    @property
    def takes_turns(self) -> bool:
        """Whether all scenarios share one address and must run one after another."""
        shared = isinstance(self.target, AddressTarget) or self.at is not None
        return shared or bool(self.addresses)

    def wanted(self, case: Case) -> ServerSpec:
        """Return the server that a case needs."""
        profile = self.catalogue.profiles[case.requirement.profile]
        parameters = self.parameters[profile.name]
        target: Target = self.target
        directory = self.options.directory
        own = proofs.own_mutant(self, case)
        if own is not None and not case.fault:
            target, directory = parse_target(own.command), own.directory
        elif case.mutant and not case.fault:
            target = MutantTarget(*case.mutant.split("/", 1))
        elif profile.name in self.addresses:
            target = AddressTarget(self.addresses[profile.name])
        return ServerSpec(
            target,
            profile.name,
            case.transport,
            texts_of(profile.parameters, parameters),
            self.at,
            profile.conduct(parameters).sent(profile.first_input),
            self.options.patience if case.again else self.options.deadline,
            self.options.environment,
            directory,
            kept=self.options.scope == "worker" and not case.requirement.spawned,
            silent=profile.silent,
            late=profile.late,
            brisk=isinstance(target, ReferenceTarget) and case.requirement.brisk,
            fault=case.fault,
            line=self.line,
        )

    def reproduce(self, case: Case) -> str:
        """Return the one-line command that judges this case again."""
        options = self.options
        if case.fault:
            return proofs.reproduce(self, case)
        target = f"mutant:{case.mutant}" if case.mutant else options.typed or options.target
        given = {"case": case.requirement.id, **as_typed(options, case.requirement.profile)}
        if not isinstance(self.target, AddressTarget) and len(self.transports) > 1:
            given["transport"] = case.transport
        if options.seed != "1":
            given["seed"] = options.seed
        return command_line(
            options.started or run_command(), "" if target == "ref:python" else target, given
        )

    def _profiles(self) -> list[Profile]:
        options = self.options
        if isinstance(self.target, MutantTarget):
            name = f"{self.target.profile}/{self.target.name}"
            if name not in MUTANTS:
                near = meant(name, MUTANTS) or f" (see {hint('list', '--mutants')})"
                raise WrongUsage(f"TARGET {options.target!r}: no such mutant{near}")
            if options.profile not in (None, self.target.profile):
                raise WrongUsage(
                    f"{options.target} is a server of the profile {self.target.profile} only"
                )
            return [BUILT_IN.profiles[self.target.profile]]
        if options.profile is not None:
            return self._with_addresses(self.catalogue.choose(options.profile))
        from_cases = [profile_of(pattern) for pattern in options.cases]
        usual = "*"
        if isinstance(self.target, (AddressTarget, CommandTarget)):
            usual = "udp-echo" if self._is_datagrams() else "echo"
        return self.catalogue.matching(
            [usual if one == "*" else one for one in from_cases] or [usual]
        )

    def _is_datagrams(self) -> bool:
        where = self.target.address if isinstance(self.target, AddressTarget) else self.at
        return where is not None and where.transport in DATAGRAMS

    def _with_addresses(self, profiles: list[Profile]) -> list[Profile]:
        for profile in profiles:
            if self.addresses and profile.name not in self.addresses:
                raise WrongUsage(f"{self.options.typed} has no address for {profile.name}")
        return profiles

    def _parameters(self) -> dict[str, dict[str, bytes]]:
        settings = parse_settings(self.options.settings)
        known = {key for profile in self.profiles for key in profile.known_parameters()}
        for key in settings:
            if key not in known:
                near = meant(key, known) or f" (known: {', '.join(sorted(known))})"
                raise WrongUsage(f"--set: no chosen profile has a parameter {key!r}{near}")
        return {
            profile.name: profile.settings.chosen(profile.parameters, settings)
            for profile in self.profiles
        }

    def _transports(self) -> list[str]:
        """Return the transports to judge over, out of those that the target offers."""
        asked = list(self.options.transports)
        unknown = [name for name in asked if name not in TRANSPORTS]
        if unknown:
            near = meant(unknown[0], TRANSPORTS) or f" (known: {', '.join(TRANSPORTS)})"
            raise WrongUsage(f"--transport: unknown transport {unknown[0]!r}{near}")
        offered = {name for profile in self.profiles for name in self._offered(profile)}
        chosen = [name for name in TRANSPORTS if name in offered and (not asked or name in asked)]
        if not chosen:
            reached = ", ".join(name for name in TRANSPORTS if name in offered)
            raise WrongUsage(f"--transport {','.join(asked)}: this target has only {reached}")
        # A fault is the same over each transport, so one transport is enough.
        return chosen[:1] if self.options.faults and not asked else chosen

    def _offered(self, profile: Profile) -> list[str]:
        """Return the transports that the target offers for a profile. Raises WrongUsage if none."""
        if profile.name in self.addresses:
            reached = [self.addresses[profile.name].transport]
        else:
            reached = transports_of(self.target, self.at, profile, self.options.transports)
        offered = [
            name for name in TRANSPORTS if kin(name) in profile.transports and name in reached
        ]
        if not offered:
            raise WrongUsage(
                f"{profile.name} is a service over {', '.join(profile.transports)}; "
                f"this target is reached over {', '.join(reached)}"
            )
        return offered

    def case(self, requirement: Requirement, transport: str) -> Case:
        """Return the case of a requirement over a transport, even if it was not asked for."""
        return Case(requirement, transport, self._skip(requirement, transport))

    def _cases(self) -> list[Case]:
        return [
            self.case(requirement, transport)
            for profile in self.profiles
            for transport in self.transports
            if transport in self._offered(profile)
            for requirement in profile.requirements
            if (kin(transport) in requirement.transports or UNIX not in requirement.transports)
            and not (kin(transport) == UNIX and requirement.about in (PORT, PORT_AGAIN))
            and not (requirement.once and transport != self._first(profile))
            and not (transport == PIPE and requirement.about == PATH)
        ]

    def _first(self, profile: Profile) -> str:
        """Return the first transport over which a profile is judged."""
        offered = self._offered(profile)
        return next(name for name in self.transports if name in offered)

    def _check_line(self, cases: list[Case]) -> None:
        """Raise WrongUsage for a line over which none of the profiles can be judged."""
        whys = {self._no_line(case.requirement, case.transport) for case in cases}
        if cases and None not in whys:
            raise WrongUsage(f"--link {self.line}: {whys.pop()}")

    def _no_line(self, requirement: Requirement, transport: str) -> str | None:
        """Return why a case cannot be judged over the line, if there is one."""
        if self.line is None:
            return None
        if isinstance(self.catalogue.profiles[requirement.profile], ClientProfile):
            return f"--link works only with servers; {requirement.profile} judges clients"
        if transport == PIPE:
            return "--link does not work with named pipes"
        if transport in DATAGRAMS and self.line.slices:
            return "a datagram arrives whole: slice is for streams"
        return None

    def _skip(self, requirement: Requirement, transport: str) -> str | None:
        no_line = self._no_line(requirement, transport)
        if no_line:
            return no_line
        if transport == PIPE and (UNIX not in requirement.transports or requirement.half_close):
            return "a named pipe cannot express it (no half-close, no RST)"
        if kin(transport) not in requirement.transports:
            return NOT_EXPRESSIBLE[transport]
        if transport in IPV4_OF and not self.ipv6:
            return "this machine has no IPv6 loopback"
        if requirement.spawned and isinstance(self.target, AddressTarget):
            return "needs a server that the suite itself starts and stops"
        parameters = self.parameters[requirement.profile]
        settings = self.catalogue.profiles[requirement.profile].settings
        reason = settings.not_meant(requirement.word, parameters)
        if reason:
            return reason
        if isinstance(self.target, CommandTarget):
            if requirement.spawned and self.target.manner == INETD:
                return "under inetd each connection has its own process"
            if self.target.manner == INHERITS and requirement.about == PATH:
                return "the path of an inherited socket is not the server's"
            if self.target.manner == INHERITS and requirement.about == PORT_AGAIN:
                return "the port of an inherited socket is not the server's"
        return None


def address_of(plan: Plan) -> Address | None:
    """Return the one address that all scenarios share, if they do."""
    return plan.target.address if isinstance(plan.target, AddressTarget) else plan.at


def _level(text: str) -> Level:
    try:
        return Level(text.upper())
    except ValueError:
        raise WrongUsage(f"--level: {text!r} is neither must nor should") from None
