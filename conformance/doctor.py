"""``doctor TARGET``: starts it, shows what was found, and says the one line to run next.

For a person who meets the suite for the first time. It judges nothing: it tries which
services the target seems to give, with the texts that it was heard to send.
"""

from __future__ import annotations

import shlex
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from .catalogue import ABORTABLE, ClientProfile, Profile
from .outcome import Exit, NotJudged, Unreachable, Violation
from .output import say
from .plan import Case, Options, Plan
from .preflight import resolved
from .profiles import PROFILES
from .profiles.reset import aborted
from .session import Session
from .targets.address import STREAMS, Address, has_ipv6
from .targets.grammar import (
    INETD,
    INHERITS,
    AddressTarget,
    CommandTarget,
    MutantTarget,
    ReferenceTarget,
    Target,
)
from .targets.launch import Server, check_launchable, launched
from .targets.stream import open_stream
from .transcript import escape

#: Seconds to listen to what a server says on its own account (greet: a second, and some).
LISTENING = 2.5

#: Seconds that each awaited event of a trial may take.
TRIAL = 2.0

_MANNERS = {
    INETD: "a command, one process for each connection",
    INHERITS: "a command that inherits the listening socket",
}


class Heard(NamedTuple):
    """What a server sends to a client that says nothing: pieces, and whether it ended."""

    pieces: list[bytes]
    ended: bool


def examine(options: Options) -> Iterator[tuple[str, str]]:
    """What was found, as pairs of a heading and a line, while it is being found.

    Raises WrongUsage or Unreachable.
    """
    options = resolved(options)
    plan = Plan(options, has_ipv6())
    yield "target", describe(plan.target)
    check_launchable(plan.target, options.directory)
    first = next(case for case in plan.cases if not case.skip)
    began = time.monotonic()
    with _launched(plan, first) as server:
        yield "ready", f"{server.address} after {time.monotonic() - began:.2f} s"
        transport = server.address.transport
        # Over datagrams nobody is there before the first one has come.
        heard = listen_to(server.address) if transport in STREAMS else Heard([], False)
    options = options._replace(transports=(transport,))
    yield "greeting", _greeting(heard)
    if isinstance(plan.target, (ReferenceTarget, MutantTarget)):
        heard = Heard([], False)  # what it says depends on the service that is asked of it
    fitting: list[str] = []
    settings = options.settings
    for profile in PROFILES.values():
        if transport not in profile.transports or isinstance(profile, ClientProfile):
            continue
        trial = _settings_for(profile, heard, options.settings)
        found = attempt(options, profile, trial)
        if found is None:
            fitting.append(profile.name)
            settings = trial
        shown = "" if trial == options.settings else f" with {trial}"
        yield profile.name, f"seems to give it{shown}" if found is None else f"no: {found}"
    yield "next", _next(options, fitting, settings)


@contextmanager
def _launched(plan: Plan, case: Case) -> Iterator[Server]:
    try:
        with launched(plan.wanted(case)) as server:
            yield server
    except Unreachable as error:
        target = plan.target
        if isinstance(target, CommandTarget) and not target.placeholders and not plan.at:
            error.output.append("(if it takes its port as a word, write {port} there)")
        if isinstance(target, CommandTarget) and not plan.at:
            error.output.append("(a server of datagrams, or a client, is not found out: say")
            error.output.append(" run --profile=udp-echo, or run --profile=client-echo)")
        raise


def describe(target: Target) -> str:
    """What kind of target was read."""
    if isinstance(target, AddressTarget):
        return f"a server that already runs, at {target.address}"
    if isinstance(target, ReferenceTarget):
        return f"the embedded reference server in {target.language}"
    if isinstance(target, MutantTarget):
        return f"an embedded server of {target.profile} with the fault {target.name}"
    assert isinstance(target, CommandTarget)
    kind = _MANNERS.get(target.manner, "a command")
    told = ", ".join(sorted("{" + name + "}" for name in target.placeholders))
    where = f"; it is told {told}" if told else "; it reads PORT, or says LISTENING itself"
    return f"{kind}: {shlex.join(target.words)}{where if target.manner not in _MANNERS else ''}"


def listen_to(address: Address) -> Heard:
    """Connect, say nothing, and hear what comes. Raises Unreachable."""
    pieces: list[bytes] = []
    until = time.monotonic() + LISTENING
    try:
        with open_stream(address, TRIAL) as sock:
            while (left := until - time.monotonic()) > 0:
                sock.settimeout(left)
                data = sock.recv(65536)
                if not data:
                    return Heard(pieces, True)
                pieces.append(data)
    except TimeoutError:
        pass
    except (ConnectionError, socket.gaierror):
        return Heard(pieces, False)
    except OSError as error:
        cause = (error.strerror or str(error)).lower()
        raise Unreachable(f"{address} cannot be reached: {cause}") from None
    return Heard(pieces, False)


def attempt(options: Options, profile: Profile, settings: str) -> str | None:
    """Take a client through the profile's smallest session; None when it went well."""
    asked = options._replace(profile=profile.name, cases=(), settings=settings, deadline=TRIAL)
    plan = Plan(asked, has_ipv6())
    case = next((one for one in plan.cases if not one.skip), None)
    if case is None:
        return "nothing of it can be judged here"
    try:
        with _session(plan, case, profile) as session:
            session.next_client_is_served()
            if profile.name == "reset" and session.transport in ABORTABLE:
                # Its small session is that of any echo; the command makes the difference.
                aborted(session, session.join())
    except (Violation, NotJudged, Unreachable) as reason:
        return str(reason)
    return None


def _session(plan: Plan, case: Case, profile: Profile) -> Session:
    parameters = plan.parameters[profile.name]
    return Session(plan.wanted(case), profile, parameters, "doctor", None)


def _settings_for(profile: Profile, heard: Heard, typed: str) -> str:
    """The SET with the texts that were heard, where the profile has them and nobody typed any."""
    texts: dict[str, bytes] = {}
    if "farewell" in profile.parameters:
        if heard.ended and len(heard.pieces) >= 2:
            texts = {"greeting": heard.pieces[0], "farewell": b"".join(heard.pieces[1:])}
    elif "greeting" in profile.parameters and heard.pieces and not heard.ended:
        texts = {"greeting": b"".join(heard.pieces)}
    items = [typed] if typed else []
    for key, text in texts.items():
        if text != profile.parameters[key] and f"{key}=" not in typed:
            items.append(f"{key}={escape(text)}".replace(";", "\\;"))
    return ";".join(items)


def _greeting(heard: Heard) -> str:
    said = b"".join(heard.pieces)
    if not said:
        return "it ends the connection at once" if heard.ended else "none: it waits for input"
    shown = escape(said[:80]) + ("..." if len(said) > 80 else "")
    return f'it sends "{shown}"{", then FIN" if heard.ended else ""}'


def _next(options: Options, fitting: list[str], settings: str) -> str:
    words = ["python", "-m", "conformance", "run", options.typed or options.target]
    if fitting:
        words.append(f"--profile={','.join(fitting)}")
    if options.at and not options.typed:
        words.append(f"--at={options.at}")
    if settings:
        words.append(f"--set={settings}")
    line = shlex.join(words)
    return line if fitting else f"{line}   # no service fits as it is: say PROFILE and SET yourself"


def report(options: Options) -> Exit:
    """Print the examination. Raises WrongUsage or Unreachable."""
    for heading, line in examine(options):
        say(f"{heading:<10} {line}")
    return Exit.CONFORMANT
