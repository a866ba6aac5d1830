"""The cases of the self-test: how each requirement is proved.

The requirements of a built-in profile are proved by embedded broken servers. Those of any profile
can be proved by its own broken servers, and by a correct one behind a proxy with faults (faults/):
then each requirement judges the correct server unchanged, with each fault, and with each lawful
change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.invocation import SUITE, command, command_line
from ..core.nearest import meant
from ..core.verdict import WrongUsage
from ..faults.moot import Service, moot
from ..faults.table import BY_NAME, FAULTS, LAWFUL, NONE
from ..mutants.catalogue import MUTANTS
from ..profiles import BUILT_IN
from ..scenario.profile import ClientProfile, OwnMutant, Profile, StreamProfile
from ..scenario.requirement import matches
from .options import Case, as_typed

if TYPE_CHECKING:
    from . import Plan

#: The value that selects every fault.
EVERY = ("*",)


def cases_of(plan: Plan, judged: list[Case]) -> list[Case]:
    """Return the cases of a self-test.

    Arguments:
        judged: the cases of a run against the target.
    Raises WrongUsage.
    """
    if plan.options.faults:
        return _by_faults(plan, judged)
    cases = _by_embedded(plan)
    for profile in plan.profiles:
        if profile.name not in BUILT_IN.profiles and not profile.mutants:
            example = f"selftest --profile {profile.name} --target './server {{port}}'"
            raise WrongUsage(
                f"{profile.name} has no broken servers of its own; name a correct one: {example}"
            )
        cases += _by_own(plan, profile, judged)
    return cases


def own_mutant(plan: Plan, case: Case) -> OwnMutant | None:
    """Return the profile's own broken server with which a case is proved."""
    profile = plan.catalogue.profiles[case.requirement.profile]
    return profile.mutants.get((case.mutant or "").partition("/")[2])


def is_lawful(plan: Plan, case: Case) -> bool:
    """Return whether a case's change is lawful, by the table of faults or by the contract."""
    profile = plan.catalogue.profiles[case.requirement.profile]
    return BY_NAME[case.fault].is_lawful or case.fault in profile.allows


def moot_of(plan: Plan, profile: Profile) -> dict[str, str]:
    """Return the chosen faults that no client of this service could see, with the reasons."""
    if not plan.options.faults or not isinstance(profile, StreamProfile):
        return {}
    service = Service(
        answers_input=bool(profile.first_input),
        ends_by_itself=profile.ends_by_itself,
        times_its_start=bool(profile.timely),
    )
    chosen = _chosen(plan.options.faults)
    return {name: reason for name, reason in moot(service).items() if name in chosen}


def reproduce(plan: Plan, case: Case) -> str:
    """Return the command that judges a requirement against a fault again."""
    options = plan.options
    started = (*(options.started[:-1] or command()), "selftest")
    given = {"case": case.requirement.id, "target": options.typed or options.target}
    given |= {"fault": case.fault, "transport": case.transport}
    given |= as_typed(options, case.requirement.profile)
    if options.started[:1] == ("make",):
        started = (*command(), "selftest")
    return command_line(started, "", given)


def _by_embedded(plan: Plan) -> list[Case]:
    names = {profile.name for profile in plan.profiles}
    cases = []
    for name, mutant in MUTANTS.items():
        requirement = BUILT_IN.requirements[mutant.breaks]
        if requirement.profile not in names:
            continue
        others = BUILT_IN.profiles[requirement.profile].requirements
        judges = others if plan.options.kill_matrix else (requirement,)
        cases += [Case(one, one.transports[0], mutant=name) for one in judges]
    return cases


def _by_own(plan: Plan, profile: Profile, judged: list[Case]) -> list[Case]:
    """Return cases for each own broken server: those that it breaks; all for a kill matrix."""
    cases = []
    for name, mutant in profile.mutants.items():
        for case in judged:
            one = case.requirement
            if one.profile == profile.name and (
                plan.options.kill_matrix or mutant.breaks in ("", one.word)
            ):
                cases.append(case._replace(mutant=f"{profile.name}/{name}"))
        if not any(one.word == mutant.breaks for one in profile.requirements) and mutant.breaks:
            near = meant(mutant.breaks, [one.word for one in profile.requirements])
            raise WrongUsage(
                f"{profile.name}: the mutant {name} breaks {mutant.breaks!r}, "
                f"which is not one of its requirements{near}"
            )
    return cases


def _by_faults(plan: Plan, judged: list[Case]) -> list[Case]:
    chosen = _chosen(plan.options.faults)
    cases = []
    for profile in plan.profiles:
        if isinstance(profile, ClientProfile):
            raise WrongUsage(f"{profile.name} judges clients: faults are those of a server")
        for name in profile.allows:
            if name not in FAULTS:
                near = meant(name, FAULTS)
                raise WrongUsage(
                    f"{profile.name} allows {name!r}, which is not the name of a fault{near}"
                )
        own = [case for case in judged if case.requirement.profile == profile.name]
        unseen = moot_of(plan, profile)
        for name in [NONE.name, *(one for one in chosen if one not in unseen)]:
            cases += [
                case._replace(mutant=f"{profile.name}/{name}", fault=name)
                for case in own
                if (name == NONE.name or not case.skip)
                and case.transport in BY_NAME[name].transports
            ]
        if plan.options.faults == EVERY:
            cases += _by_own(plan, profile, judged)
    return cases


def _chosen(patterns: tuple[str, ...]) -> list[str]:
    """Return the names that match the patterns, lawful changes first."""
    names = [*LAWFUL, *FAULTS]
    for pattern in patterns:
        if pattern != NONE.name and not any(matches(pattern, name) for name in names):
            near = meant(pattern, names) or f" (see {SUITE}/docs/check-your-checks.md)"
            raise WrongUsage(f"--fault: unknown fault {pattern!r}{near}")
    return [name for name in names if any(matches(pattern, name) for pattern in patterns)]
