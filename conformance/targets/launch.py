"""From a target to a server that is ready: the one way in for plan and session.

A spawned server is fresh for every scenario. A fixed address (AT) makes its scenarios
take turns; elsewhere each server gets a port or a path of its own.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from ..outcome import Unreachable
from ..transcript import escape
from .address import LOOPBACK, TCP, TCP6, UNIX, Address, open_socket
from .grammar import (
    PLACEHOLDERS,
    AddressTarget,
    CommandTarget,
    MutantTarget,
    ReferenceTarget,
    Target,
    fill,
)
from .ports import is_bindable, reserved_port
from .readiness import PAUSE, announced_address, await_ready
from .spawn import Process

_HERE = Path(__file__).parent.parent
REFERENCE_SERVERS = {
    "python": [sys.executable, "-I", "-S", str(_HERE / "reference/python/server.py")],
    "node": ["node", str(_HERE / "reference/node/server.js")],
}
MUTANT_SERVER = [sys.executable, "-I", "-S", str(_HERE / "mutants/server.py")]

#: Parameters of the embedded servers that no requirement sees: greet pauses less than
#: the slides' second, and still well over the 100 ms that a client must be able to tell.
EMBEDDED = {"greet": {"delay": b"0.15"}}

#: Seconds that a port may stay in TIME_WAIT after the server before (2 MSL on Linux: 60).
TIME_WAIT = 75.0


class Wanted(NamedTuple):
    """What server a scenario wants."""

    target: Target
    profile: str
    transport: str
    parameters: dict[str, bytes]
    at: Address | None
    first_input: bytes
    deadline: float


class Server(NamedTuple):
    """A server that is ready: where it listens, and its process when it is ours."""

    address: Address
    process: Process | None


@contextmanager
def launched(wanted: Wanted) -> Iterator[Server]:
    """Start (or find) the server, wait until it is ready, stop it at the end.

    Raises Unreachable when it cannot be started or never answers.
    """
    target = wanted.target
    if isinstance(target, AddressTarget):
        yield Server(_find(wanted, target.address), None)
        return
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="conformance-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if isinstance(target, CommandTarget):
            yield _start_command(wanted, target, folder, stack)
        else:
            yield _start_embedded(wanted, folder, stack)


def start_again(wanted: Wanted, address: Address, stack: ExitStack) -> Server:
    """Start a second server on the same Unix path (a stale one may lie there).

    Raises Unreachable.
    """
    target = wanted.target
    if isinstance(target, CommandTarget):
        values = _values(wanted, address, str(Path(address.path).parent))
        process = _spawn(fill(target.words, values), _environment(values), stack)
        ready = await_ready(process, [address], False, wanted.first_input, wanted.deadline)
        return Server(ready, process)
    return _announced(wanted, str(address), stack)


def _find(wanted: Wanted, address: Address) -> Address:
    return await_ready(None, [address], False, wanted.first_input, wanted.deadline)


def _start_embedded(wanted: Wanted, folder: Path, stack: ExitStack) -> Server:
    if wanted.transport == UNIX:
        listen_on = f"unix:{folder}/socket"
    else:
        host = LOOPBACK[wanted.transport]
        listen_on = f"tcp://[{host}]:0" if ":" in host else f"tcp://{host}:0"
    return _announced(wanted, listen_on, stack)


def _announced(wanted: Wanted, listen_on: str, stack: ExitStack) -> Server:
    """Start an embedded server; its own announcement is trusted, no probe needed."""
    process = _spawn(embedded_command(wanted, listen_on), {}, stack)
    if not process.wait_announcement(wanted.deadline):
        raise Unreachable(
            f"the embedded server did not start ({process.ending})", process.last_lines()
        )
    return Server(announced_address(process), process)


def embedded_command(wanted: Wanted, listen_on: str) -> list[str]:
    """The command of a reference server or a mutant."""
    target = wanted.target
    settings = {**EMBEDDED.get(wanted.profile, {}), **wanted.parameters}
    words = [f"{key}={escape(value)}" for key, value in settings.items()]
    if isinstance(target, MutantTarget):
        return [*MUTANT_SERVER, f"{wanted.profile}/{target.name}", listen_on, *words]
    assert isinstance(target, ReferenceTarget)
    return [*REFERENCE_SERVERS[target.language], wanted.profile, listen_on, *words]


def _start_command(wanted: Wanted, target: CommandTarget, folder: Path, stack: ExitStack) -> Server:
    if wanted.at is not None:
        address, candidates = wanted.at, [wanted.at]
        _refuse_when_taken(address)
    elif wanted.transport == UNIX:
        address = Address(UNIX, path=f"{folder}/socket")
        candidates = [address]
    else:
        port = stack.enter_context(reserved_port())
        address = Address(TCP, "127.0.0.1", port)
        candidates = [address, Address(TCP6, "::1", port)]
    values = _values(wanted, address, str(folder))
    announces = wanted.at is None and not target.placeholders & {"port", "path"}
    until = time.monotonic() + TIME_WAIT
    while True:
        process = _spawn(fill(target.words, values), _environment(values), stack)
        try:
            ready = await_ready(process, candidates, announces, wanted.first_input, wanted.deadline)
            return Server(ready, process)
        except Unreachable:
            # A server that sets no SO_REUSEADDR cannot bind while its forerunner's
            # connections are in TIME_WAIT; that is no fault of the scenario.
            if process.alive or wanted.at is None or not _becomes_bindable(wanted.at, until):
                raise


def _spawn(argv: list[str], environment: dict[str, str], stack: ExitStack) -> Process:
    process = Process(argv, environment)
    stack.callback(process.stop)
    return process


def _values(wanted: Wanted, address: Address, folder: str) -> dict[str, str]:
    return {
        "port": str(address.port) if address.port else "",
        "host": address.host or "127.0.0.1",
        "path": address.path or f"{folder}/socket",
        "profile": wanted.profile,
        "data": folder,
    }


def _environment(values: dict[str, str]) -> dict[str, str]:
    return {PLACEHOLDERS[name]: value for name, value in values.items() if value}


def _refuse_when_taken(address: Address) -> None:
    try:
        with open_socket(address, 1.0):
            pass
    except OSError:
        return
    raise Unreachable(f"{address} is already in use: another program answers there")


def _becomes_bindable(address: Address, until: float) -> bool:
    """Whether the port was in TIME_WAIT and is free now; waits for that."""
    if address.transport == UNIX or is_bindable(address.host, address.port):
        return False
    while time.monotonic() < until:
        time.sleep(PAUSE)
        if is_bindable(address.host, address.port):
            return True
    return False


def check_launchable(target: Target) -> None:
    """Refuse early what can never be started.

    Raises Unreachable.
    """
    words: Sequence[str] = ()
    if isinstance(target, CommandTarget):
        words = target.words
    elif isinstance(target, ReferenceTarget):
        words = REFERENCE_SERVERS[target.language]
    if words and "{" not in words[0] and shutil.which(words[0]) is None:
        raise Unreachable(f"cannot start {words[0]!r}: no such command")
