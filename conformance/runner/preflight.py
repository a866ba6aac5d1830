"""Checks before a run: the suite passes its self-check, and the target can be reached.

The self-check quickly proves that the suite can tell right from wrong on this machine. Then the
target is started once, to find out over which transport it listens. The errors of this module
are the exit statuses 4, 6 and 8, each with one clear line.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache

from ..clients.channel import ABORT
from ..clients.connect import dial
from ..clients.open_terminal import check_client
from ..clients.peer import Peer
from ..core.load import held_up, longer
from ..core.transcript import Transcript
from ..core.verdict import NotJudged, SuiteFailed, Unreachable, Violation
from ..loading import load
from ..plan import Case, Options, Plan
from ..scenario.profile import ClientProfile
from ..scenario.session import Session
from ..targets.address import Address, has_ipv6
from ..targets.files import read_target
from ..targets.grammar import CommandTarget, split_settings
from ..targets.launch import ServerSpec, check_launchable, launched


def prepare(options: Options) -> Plan:
    """Make the plan, run the self-check, reach the target.

    Raises WrongUsage, Unreachable or SuiteFailed.
    """
    options, catalogue = load(resolved(options))
    plan = Plan(options, has_ipv6(), catalogue)
    self_check()
    if any(case.requirement.id.endswith("/terminal") for case in plan.cases):
        check_client(options.client)
    if options.selftest and not options.faults:
        return plan
    check_launchable(plan.target, plan.options.directory)
    first = next((case for case in plan.cases if not case.skip), None)
    if first is None:
        return plan
    if isinstance(plan.catalogue.profiles[first.requirement.profile], ClientProfile):
        _check_client_comes(plan, first)
        return plan
    try:
        found = _reached(plan.wanted(first))
    except NotJudged as reason:
        raise Unreachable(str(reason)) from None
    if found not in plan.transports and _announces(plan):
        # Only the target's announcement could say where it listens.
        transports = [found if name == first.transport else name for name in plan.transports]
        return Plan(options._replace(transports=tuple(transports)), has_ipv6(), catalogue)
    return plan


def _reached(wanted: ServerSpec) -> str:
    """Start the target; return the transport that it listens on. Raises Unreachable, NotJudged."""
    began, before = time.monotonic(), held_up()
    try:
        with launched(wanted) as server:
            return server.address.transport
    except Unreachable as error:
        # Interpreters are slow when many of them start at the same time.
        more = longer(wanted.deadline, held_up() - before, time.monotonic() - began)
        if more is None:
            raise
        try:
            with launched(wanted._replace(deadline=more)) as server:
                return server.address.transport
        except Unreachable:
            # Report the first error, which names the deadline that was asked for.
            raise error from None


def _check_client_comes(plan: Plan, case: Case) -> None:
    """Check that the client that is judged connects at all. Raises Unreachable."""
    profile = plan.catalogue.profiles[case.requirement.profile]
    texts = plan.parameters[profile.name]
    with Session(plan.wanted(case), profile, texts, b"preflight", None) as session:
        try:
            session.client_under_test()
        except Violation as violation:
            raise Unreachable(violation.summary, violation.server_output) from None


def resolved(options: Options) -> Options:
    """Return the options merged with a target file; options that were typed take precedence.

    Raises WrongUsage.
    """
    if not options.target.startswith("@"):
        return options
    file, default = read_target(options.target), Options()
    return options._replace(
        typed=options.target,
        target=file.target,
        addresses=file.addresses,
        profile=options.profile or ",".join(file.profiles) or None,
        at=options.at or file.at,
        settings=_joined(file.settings, options.settings),
        environment=file.environment,
        directory=file.directory,
        expect=options.expect or file.expect,
        client=options.client or file.client,
        level=(file.level or default.level) if options.level == default.level else options.level,
        deadline=(file.deadline or default.deadline)
        if options.deadline == default.deadline
        else options.deadline,
        scope=file.scope,
        links=options.links or file.links,
        file_load=file.load,
    )


def _joined(written: str, typed: str) -> str:
    """Merge two values of SET; for a text that is in both, the typed one is used."""
    texts = {item.partition("=")[0].strip(): item for item in split_settings(f"{written};{typed}")}
    return ";".join(texts.values())


def _announces(plan: Plan) -> bool:
    return (
        isinstance(plan.target, CommandTarget)
        and not plan.target.placeholders & {"port", "path"}
        and plan.at is None
    )


# The self-check: tiny servers with known behaviour, and what the suite must see of each.


def _says_right(conn: socket.socket) -> None:
    conn.sendall(conn.recv(100))
    conn.shutdown(socket.SHUT_WR)


def _says_wrong(conn: socket.socket) -> None:
    conn.sendall(conn.recv(100).replace(b"o", b"0"))
    conn.shutdown(socket.SHUT_WR)


def _aborts(conn: socket.socket) -> None:
    conn.sendall(conn.recv(100))
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)


_SELF_CHECKS: list[tuple[str, Callable[[socket.socket], None], str | None]] = [
    ("a right answer and FIN", _says_right, None),
    ("a wrong byte", _says_wrong, "wrong-bytes"),
    ("RST where FIN is awaited", _aborts, "rst-instead-of-fin"),
]


def self_check() -> None:
    """Check that the suite can distinguish a right answer, a wrong byte, FIN and RST.

    Raises SuiteFailed.
    """
    for what, behave, awaited in _SELF_CHECKS:
        if behave is _aborts and not shows_resets():
            continue
        with _tiny_server(behave) as address:
            seen = _measure(address)
        if seen != awaited:
            raise SuiteFailed(
                f"the suite cannot be trusted on this machine: {what} was judged as {seen!r}"
            )


@cache
def shows_resets() -> bool:
    """Return whether this system shows RST and FIN differently. All systems do, except Wine."""
    if sys.platform != "win32":
        return True
    with _tiny_server(_aborts) as address:
        return _measure(address) == "rst-instead-of-fin"


def _measure(address: Address) -> str | None:
    peer: Peer = dial("self-check", address, Transcript(), 5.0)
    try:
        peer.send(b"hello world")
        peer.expect(b"hello world", "the echo")
        peer.expect_eof()
    except Violation as violation:
        return violation.kind
    finally:
        peer.close(note=False)
    return None


@contextlib.contextmanager
def _tiny_server(behave: Callable[[socket.socket], None]) -> Iterator[Address]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5.0)

        def serve() -> None:
            with contextlib.suppress(OSError):
                conn, _ = listener.accept()
                with conn:
                    conn.settimeout(5.0)
                    behave(conn)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Address("tcp", "127.0.0.1", listener.getsockname()[1])
        thread.join(5.0)
