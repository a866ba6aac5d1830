"""Wait until a server is ready: it must answer as its profile says; a connect is not enough.

The probe is a small complete session: it sends the profile's first input and FIN, and reads
everything to the end, so that it leaves no unread input behind and cannot harm a fragile server.
A wrong answer is still an answer: the scenarios say what is wrong with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

from ..core.system import check_not_short
from ..core.verdict import Unreachable, WrongUsage
from .address import DATAGRAMS, PIPE, Address, parse
from .datagram_probe import DatagramProbe
from .elsewhere import Elsewhere
from .process import Process
from .stream import open_stream

#: Seconds between two probes of a server that does not answer yet.
POLL_INTERVAL = 0.02

#: Seconds after which a server that only closes the probe's connection counts as ready.
CLOSING_TOLERATED = 1.5

#: Seconds that the probe, which has sent FIN, waits for the end after the first answer.
QUIET = 3.0

#: Seconds that later probes wait for a target that has once been silent for the whole wait.
KNOWN_SILENCE = 0.5


def await_ready(
    process: Process | None,
    candidates: list[Address],
    announces: bool,
    first_input: bytes,
    deadline: float,
    silent: bool = False,
    late: bool = False,
) -> Address:
    """Wait until one of the addresses answers, and return that address.

    Arguments:
        process: the server, if the suite started it.
        candidates: the addresses where it may listen.
        announces: whether a LISTENING line on its stdout takes precedence over the candidates.
        first_input: bytes that the profile answers.
        deadline: seconds.
        silent: whether the profile sends no byte, so that an orderly end is its whole answer.
        late: whether nothing can be received before the end, so that a long silence on a
            connection is a fault to be judged, not a sign of a server that is still starting.
    Raises Unreachable, with what was seen last.
    """
    with ExitStack() as stack:
        asked: dict[Address, DatagramProbe] = {}

        def probe(address: Address, until: float) -> str:
            if address.transport not in DATAGRAMS:
                return _probe(address, first_input, until, silent, late)
            if address not in asked:
                asked[address] = DatagramProbe(address)
                stack.callback(asked[address].close)
            return _ANSWER[asked[address].ask(first_input, until)]

        return _await_ready(process, candidates, announces, probe, deadline)


def _await_ready(
    process: Process | None,
    candidates: list[Address],
    announces: bool,
    probe: Callable[[Address, float], str],
    deadline: float,
) -> Address:
    until = time.monotonic() + deadline
    closing_since: float | None = None
    elsewhere = Elsewhere(process, candidates, untold=announces) if process else None
    seen = "nothing listens there"
    while True:
        addresses = candidates
        if announces and process and process.announced:
            addresses = [announced_address(process)]
        for address in addresses:
            answer = probe(address, until)
            if answer == ANSWERED:
                return address
            if answer == CLOSED:
                closing_since = closing_since or time.monotonic()
                if time.monotonic() - closing_since > CLOSING_TOLERATED:
                    return address
            if answer == SILENT:
                seen = _SILENCE.get(address.transport, "it takes connections but never answers")
        if process and not process.alive:
            raise Unreachable(
                f"the target ended before it was ready ({process.ending}){why_ended(process)}",
                process.last_lines(),
            )
        if time.monotonic() >= until or (elsewhere and elsewhere.is_settled()):
            cause = elsewhere.cause() if elsewhere else ""
            if cause and not (process and process.announced):
                raise Unreachable(
                    f"the target does not answer at {candidates[0]}: {cause}",
                    process.last_lines() if process else None,
                )
            where = " or ".join(map(str, addresses))
            raise Unreachable(
                f"the target did not get ready at {where} within {deadline:g} s: {seen}",
                process.last_lines() if process else None,
            )
        if process:
            process.wait(POLL_INTERVAL)
        else:
            time.sleep(POLL_INTERVAL)


def why_ended(process: Process) -> str:
    """Return the usual cause of an early end: the server goes into the background, as a daemon."""
    in_order = process.ending == "exit status 0"
    return "; it has to stay in the foreground" if in_order else ""


ANSWERED, CLOSED, SILENT, ABSENT = "answered", "closed", "silent", "absent"
_ANSWER = {True: ANSWERED, False: SILENT, None: ABSENT}
_SILENCE = dict.fromkeys(DATAGRAMS, "nothing there answers a datagram")


class _Patience:
    """The seconds to wait for a late answer: fewer once the target has been silent before."""

    seconds = QUIET


def _probe(address: Address, first_input: bytes, until: float, silent: bool, late: bool) -> str:
    """Run one small session, and return its outcome."""
    remaining = until - time.monotonic()
    try:
        sock = open_stream(address, max(0.05, min(1.0, remaining)))
    except OSError as error:
        check_not_short(error, f"connect {address}")
        return ABSENT
    answered = False
    with sock:
        try:
            if late:
                until = min(until, time.monotonic() + _Patience.seconds)
            sock.settimeout(max(0.05, until - time.monotonic()))
            sock.sendall(first_input)
            sock.shutdown(1)
            while True:
                data = sock.recv(65536)
                if not data:
                    return ANSWERED if answered or silent else CLOSED
                if address.transport == PIPE:
                    return ANSWERED  # a pipe cannot carry the probe's end, so none comes back
                if not answered:
                    answered, until = True, time.monotonic() + QUIET
                # A server that never stops sending is ready too.
                sock.settimeout(max(0.001, until - time.monotonic()))
                if time.monotonic() > until:
                    return ANSWERED
        except TimeoutError:
            if late and not answered:
                _Patience.seconds = KNOWN_SILENCE
            return ANSWERED if answered or late else SILENT
        except OSError:
            return ANSWERED if answered else CLOSED


def announced_address(process: Process) -> Address:
    """Return the address of the server's LISTENING line."""
    try:
        return parse(process.announced or "")
    except WrongUsage as error:
        raise Unreachable(f"the target announces no usable address: {error}") from None
