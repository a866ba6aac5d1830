"""``doctor TARGET``: find out what the target is, with evidence, and print the next command to run.

This is for first-time users of the suite. It judges nothing: it talks to the server, concludes
from the answers, and tries the small session of the profile that it has found.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from ..core.invocation import command_line, run_command
from ..core.nearest import meant
from ..core.output import say
from ..core.verdict import Exit, NotJudged, Unreachable, Violation, WrongUsage
from ..loading import load
from ..plan import Options, Plan, loads
from ..profiles import BUILT_IN, PROFILES
from ..runner.preflight import resolved
from ..scenario.catalogue import Catalogue
from ..scenario.profile import ClientProfile, Profile
from ..scenario.session import Session
from ..targets.address import DATAGRAMS, has_ipv6
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
    split_settings,
)
from ..targets.launch import check_launchable
from . import datagrams
from .conclusion import conclude
from .findings import Conclusion
from .streams import Survey
from .subject import Subject

#: Seconds that each awaited event of a trial may take.
TRIAL = 2.0

#: If a start takes more seconds than this, ``run`` needs a longer deadline.
SLOW = 5.0

_MANNERS = {
    INETD: "a command, one process for each connection",
    INHERITS: "a command that inherits the listening socket",
}


class Line(NamedTuple):
    """One line of the examination: a heading, a finding, and the evidence for it."""

    heading: str
    finding: str
    evidence: str = ""

    def __str__(self) -> str:
        if not self.evidence:
            return f"{self.heading:<10} {self.finding}".rstrip()
        gap = " " if len(self.finding) < FINDING else "\n" + " " * (FINDING + 12)
        return f"{self.heading:<10} {self.finding:<{FINDING}}{gap}{self.evidence}"


#: The columns for a finding; the evidence for a longer finding is on the next line.
FINDING = 20


def examine(options: Options) -> Iterator[Line]:
    """Yield the findings as soon as they are known.

    Raises WrongUsage or Unreachable.
    """
    options, catalogue = load(resolved(options))
    target = parse_target(options.target)
    yield Line("target", describe(target))
    typed = _typed(options.settings, catalogue)
    if _is_told_its_service(target) or options.addresses:
        yield from _examine_each(options)
        return
    own = [one for one in catalogue.profiles.values() if one.name not in PROFILES]
    Plan(options._replace(settings="", profile=None, cases=()), has_ipv6(), catalogue)
    check_launchable(target, options.directory)
    for profile in own:
        reason = _attempt(options, profile, catalogue)
        said = "its small session goes well" if reason is None else f"no: {reason}"
        yield Line(profile.name, said)
        if reason is None:
            words = {**loads(options), "profile": profile.name}
            yield Line("next", _command_line(options, words))
            return
    with _found(options, target) as subject:
        after = f" after {subject.seconds:.2f} s" if subject.process else ""
        yield Line("ready", f"{subject.address}{after}")
        if subject.address.transport in DATAGRAMS:
            found = datagrams.examine(subject.address)
        else:
            found = _survey(subject, typed)
        for row in found.rows:
            yield Line(row.heading, row.finding, row.evidence)
        settings = {**found.settings, **_meant_for(found, typed)}
        reason = None
        # greet's small session has already been seen; a server with one client has already ended.
        if (
            not found.because
            and found.profile != "greet"
            and not found.ends
            and not subject.has_ended
        ):
            reason = attempt(str(subject.address), found.profile, settings)
        yield from _verdict(found, reason)
        yield Line("next", next_line(options, subject, found, settings))


def _survey(subject: Subject, typed: dict[str, str]) -> Conclusion:
    command = parse_settings(f"command={typed.get('command', 'RESET')}")["command"]
    leaves = [parse_settings(f"leave={typed['leave']}")["leave"]] if typed.get("leave") else []
    survey = Survey(subject, command, leaves)
    survey.first_look()
    survey.more()
    found = conclude(survey.seen)
    if not survey.seen.answered or "rounds" in found.settings or found.profile == "greet":
        return found
    survey.words(is_dialogue=found.profile == "hello" or bool(found.because))
    return conclude(survey.seen)


def _verdict(found: Conclusion, reason: str | None) -> Iterator[Line]:
    if found.because:
        nearest = f"; nearest: {found.profile}," if found.profile else ","
        yield Line("profile", f"no profile fits{nearest} because {found.because}")
    elif reason is not None:
        yield Line("profile", f"{found.profile}, but its small session fails: {reason}")
    else:
        title = PROFILES[found.profile].title
        if "answer" in found.settings:
            title = "every input is answered by the same sentence with the input in it"
        yield Line("profile", f"{found.profile}: {title}")
    for remark in found.remarks:
        yield Line("note", remark)


def attempt(address: str, name: str, settings: dict[str, str]) -> str | None:
    """Run a profile's small session with a client; return the failure, None if it succeeded."""
    return _attempt(Options(address, settings=_joined(settings)), PROFILES[name])


def _attempt(options: Options, profile: Profile, catalogue: Catalogue = BUILT_IN) -> str | None:
    asked = options._replace(profile=profile.name, cases=(), deadline=TRIAL)
    try:
        plan = Plan(asked, has_ipv6(), catalogue)
        case = next((one for one in plan.cases if not one.skip), None)
        if case is None:
            return "nothing of it can be judged here"
        parameters = plan.parameters[profile.name]
        with Session(plan.wanted(case), profile, parameters, b"doctor", None) as session:
            session.next_client_is_served()
    except (Violation, NotJudged, Unreachable, WrongUsage) as reason:
        return str(reason)
    return None


def _found(options: Options, target: Target) -> Subject:
    try:
        return Subject(options)
    except Unreachable as error:
        if isinstance(target, CommandTarget) and not options.at:
            if not target.placeholders:
                error.output.append(
                    "(if the command takes its port as an argument, write {port} there)"
                )
            given = {"profile": "client-echo"}
            line = command_line(run_command(), options.typed or options.target, given)
            error.output.append(f"(doctor examines servers; for a client: {line})")
        raise


def _is_told_its_service(target: Target) -> bool:
    """Return whether the target is told which service to provide, so that it can be any."""
    if isinstance(target, CommandTarget):
        return "profile" in target.placeholders
    return not isinstance(target, AddressTarget)


def _examine_each(options: Options) -> Iterator[Line]:
    """Try each service of a target that can provide several."""
    target = parse_target(options.target)
    names = dict(options.addresses) or PROFILES
    if isinstance(target, MutantTarget):
        names = {target.profile: ""}
    fitting = []
    for name in names:
        profile = PROFILES[name]
        if isinstance(profile, ClientProfile):
            continue
        asked = options
        if name in dict(options.addresses):
            asked = Options(dict(options.addresses)[name], settings=options.settings)
        reason = _attempt(asked, profile)
        if reason is None:
            fitting.append(name)
        yield Line(name, "its small session goes well" if reason is None else f"no: {reason}")
    words = {}
    if fitting and not isinstance(target, MutantTarget):
        words["profile"] = ",".join(fitting)
    yield Line("next", _command_line(options, words))


def next_line(
    options: Options, subject: Subject, found: Conclusion, settings: dict[str, str]
) -> str:
    """Return the next command, to be pasted."""
    words = {"profile": found.profile} if found.profile else {}
    at = options.at if not options.typed else None
    if at or subject.at:
        words["at"] = str(at or subject.at)
    if settings and found.profile:
        words["set"] = _joined(settings)
    if subject.process and subject.seconds > SLOW:
        words["deadline"] = str(math.ceil(3 * subject.seconds))
    if not found.profile:
        return "nothing: no profile judges such a server"
    return _command_line(options, words)


def _command_line(options: Options, words: dict[str, str]) -> str:
    return command_line(run_command(), options.typed or options.target, words)


def _joined(settings: dict[str, str]) -> str:
    return ";".join(f"{key}={value}" for key, value in settings.items())


def _meant_for(found: Conclusion, typed: dict[str, str]) -> dict[str, str]:
    """Return the typed settings that the found profile has."""
    if not found.profile:
        return {}
    known = PROFILES[found.profile].known_parameters().keys()
    for key in typed.keys() - known:
        found.remarks.append(f"{found.profile} has no parameter {key}, which was typed")
    return {key: value for key, value in typed.items() if key in known}


def _typed(settings: str, catalogue: Catalogue) -> dict[str, str]:
    """Return the settings that were typed as SET. Raises WrongUsage."""
    known = {key for one in catalogue.profiles.values() for key in one.known_parameters()}
    for key in parse_settings(settings):
        if key not in known:
            raise WrongUsage(f"--set: no profile has a parameter {key!r}{meant(key, known)}")
    pairs = (item.partition("=") for item in split_settings(settings))
    return {key.strip(): value for key, _, value in pairs}


def describe(target: Target) -> str:
    """Return the kind of a target, in words."""
    if isinstance(target, AddressTarget):
        return f"a server that already runs, at {target.address}"
    if isinstance(target, ReferenceTarget):
        return f"the embedded reference server in {target.language}"
    if isinstance(target, MutantTarget):
        return f"an embedded server of {target.profile} with the fault {target.name}"
    assert isinstance(target, CommandTarget)
    kind = _MANNERS.get(target.manner, "a command")
    told = ", ".join(sorted("{" + name + "}" for name in target.placeholders))
    where = f"; it gets {told}" if told else "; it reads PORT, or prints LISTENING itself"
    return f"{kind}: {shlex.join(target.words)}{where if target.manner not in _MANNERS else ''}"


def report(options: Options) -> Exit:
    """Print the examination. Raises WrongUsage or Unreachable."""
    for line in examine(options):
        say(str(line))
    return Exit.CONFORMANT
