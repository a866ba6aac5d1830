"""Start a target and wait until it is ready: the entry point for plan and session.

Every scenario gets a new server. With a fixed address (AT) the scenarios run one after
another; otherwise each server gets its own port or path.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from ..core.interruption import held
from ..core.line import Line
from ..core.verdict import NotJudged, Unreachable
from .address import DATAGRAMS, IPV4_OF, IPV6_OF, LOOPBACK, PIPE, TLS, UNIX, Address
from .certificate import certificate
from .embedded import REFERENCE_SERVERS, embedded_command, is_python
from .grammar import (
    INETD,
    INHERITS,
    LISTENS,
    AddressTarget,
    CommandTarget,
    ReferenceTarget,
    Target,
    fill,
)
from .listen_fds import address_of, listening
from .ports import answers, becomes_bindable, refuse_when_taken, reserved_port
from .process import Process, dismiss_helpers
from .readiness import announced_address, await_ready
from .scratch import new_folder
from .stale_listeners import bound_sockets, refuse_stale_listener
from .values import environment_of, values_of

_HERE = Path(__file__).parent.parent
INETD_SERVER = [sys.executable, "-I", "-S", str(_HERE / "targets/helpers/inetd.py")]
LISTEN_FDS = [sys.executable, "-I", "-S", str(_HERE / "targets/helpers/exec_with_listen_fds.py")]

#: Seconds that a port may stay in TIME_WAIT after the previous server (2 MSL on Linux: 60).
TIME_WAIT = 75.0


#: A function that finds the address of a ready server, in place of the readiness probe. Its
#: arguments are the process (None for a server that already runs), the addresses where it may
#: listen, and whether it announces its address.
Meeting = Callable[[Process | None, list[Address], bool], Address]


class ServerSpec(NamedTuple):
    """The server that a scenario needs; ``fault`` and ``line`` are for a proxy (faults/)."""

    target: Target
    profile: str
    transport: str
    parameters: tuple[tuple[str, bytes], ...]
    at: Address | None
    first_input: bytes
    deadline: float
    environment: tuple[tuple[str, str], ...] = ()
    directory: str | None = None
    kept: bool = False
    silent: bool = False
    late: bool = False
    brisk: bool = False
    meet: Meeting | None = None
    fault: str = ""
    line: Line | None = None


class Server(NamedTuple):
    """A server that is ready: its address, and its process if the suite has started it."""

    address: Address
    process: Process | None
    folder: str = ""


#: Servers that outlive a scenario (scope = "worker"), by their spec without fault and deadline.
_kept: dict[ServerSpec, tuple[Server, ExitStack]] = {}


@contextmanager
def launched(wanted: ServerSpec) -> Iterator[Server]:
    """Start the server (or reuse a kept one), wait until it is ready, and stop it at the end.

    A server that is kept is stopped only by stop_servers(), or after it has died.

    Raises Unreachable if the server cannot be started or never answers.
    """
    if not wanted.kept:
        with _launched(wanted) as server:
            yield server
        return
    key = wanted._replace(fault="", deadline=0.0)
    if key not in _kept:
        stack = ExitStack()
        _kept[key] = stack.enter_context(_launched(wanted)), stack
    server, stack = _kept[key]
    try:
        yield server
    finally:
        if server.process is not None and not server.process.alive:
            del _kept[key]
            stack.close()


def stop_servers() -> None:
    """Stop the kept servers, then the helpers, which would only kill servers; idempotent."""
    while _kept:
        _, (_, stack) = _kept.popitem()
        stack.close()
    dismiss_helpers()


@contextmanager
def _launched(wanted: ServerSpec) -> Iterator[Server]:
    target = wanted.target
    if isinstance(target, AddressTarget):
        yield Server(_ready(wanted, None, [target.address]), None)
        return
    with ExitStack() as stack:
        folder = new_folder()
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if isinstance(target, CommandTarget):
            server = _STARTS[target.manner](wanted, target, folder, stack)
        else:
            server = _start_embedded(wanted, folder, stack)
        yield server._replace(folder=str(folder))


def start_again(
    wanted: ServerSpec, before: Server, stack: ExitStack, same_address: bool = False
) -> Server:
    """Start a second server on the same data folder (a stale Unix socket may lie there).

    The new server gets another port, because the old port may be in TIME_WAIT, unless the same
    address is asked for.

    Raises Unreachable, and NotJudged for a server that chooses its own address.
    """
    target, folder = wanted.target, Path(before.folder)
    if same_address and isinstance(target, CommandTarget):
        if wanted.at is None and "port" not in target.placeholders:
            raise NotJudged("the server chooses its port by itself")
        server = _start_at(wanted, target, folder, stack, [before.address])
    elif same_address:
        server = _announced(wanted, str(before.address), str(folder), stack)
    elif isinstance(target, CommandTarget):
        server = _STARTS[target.manner](wanted, target, folder, stack)
    else:
        server = _start_embedded(wanted, folder, stack)
    return server._replace(folder=before.folder)


def _ready(
    wanted: ServerSpec, process: Process | None, candidates: list[Address], announces: bool = False
) -> Address:
    if wanted.meet is not None:
        return wanted.meet(process, candidates, announces)
    return await_ready(
        *(process, candidates, announces, wanted.first_input, wanted.deadline),
        silent=wanted.silent,
        late=wanted.late,
    )


def _start_embedded(wanted: ServerSpec, folder: Path, stack: ExitStack) -> Server:
    return _announced(wanted, _free_address(wanted, folder), str(folder), stack)


def _free_address(wanted: ServerSpec, folder: Path) -> str:
    if wanted.transport == UNIX:
        return f"unix:{folder}/socket"
    if wanted.transport == PIPE:
        return str(Address(PIPE, path=f"conformance-{folder.name}"))
    return str(Address(wanted.transport, LOOPBACK[wanted.transport], 0))


def _announced(wanted: ServerSpec, listen_on: str, folder: str, stack: ExitStack) -> Server:
    """Start an embedded server; its announcement is trusted, so that no probe is needed."""
    parameters = dict(wanted.parameters)
    argv = embedded_command(wanted.target, wanted.profile, parameters, listen_on, wanted.brisk)
    process = _spawn(wanted, argv, _secrets(wanted, folder), stack)
    if not process.wait_announcement(wanted.deadline):
        raise Unreachable(
            f"the embedded server did not start ({process.ending})", process.last_lines()
        )
    return Server(announced_address(process), process)


def _secrets(wanted: ServerSpec, folder: str) -> dict[str, str]:
    """Return the variables for an embedded server's environment."""
    values = {"data": folder, **(certificate()._asdict() if wanted.transport == TLS else {})}
    return environment_of(values)


def _start_command(
    wanted: ServerSpec, target: CommandTarget, folder: Path, stack: ExitStack
) -> Server:
    if wanted.at is not None:
        address, candidates = wanted.at, [wanted.at]
        refuse_when_taken(address)
    elif wanted.transport == UNIX:
        address = Address(UNIX, path=f"{folder}/socket")
        candidates = [address]
    elif wanted.transport == PIPE:
        address = Address(PIPE, path=f"conformance-{folder.name}")
        candidates = [address]
    else:
        port = stack.enter_context(reserved_port(_kind(wanted.transport)))
        transport = IPV4_OF.get(wanted.transport, wanted.transport)
        address = Address(transport, "127.0.0.1", port)
        candidates = [address, Address(IPV6_OF[transport], "::1", port)]
    until = time.monotonic() + TIME_WAIT
    while True:
        try:
            return _start_at(wanted, target, folder, stack, candidates)
        except Unreachable:
            # A server that sets no SO_REUSEADDR cannot bind while connections of the previous
            # server are in TIME_WAIT. Only 7.17 judges that.
            if wanted.at is None or answers(wanted.at) or not becomes_bindable(wanted.at, until):
                raise


def _start_at(
    wanted: ServerSpec,
    target: CommandTarget,
    folder: Path,
    stack: ExitStack,
    candidates: list[Address],
) -> Server:
    """Start a command with the first of these addresses in its placeholders."""
    values = values_of(wanted.profile, wanted.transport, candidates[0], str(folder))
    announces = wanted.at is None and not target.placeholders & {"port", "path"}
    older = bound_sockets() if announces else frozenset()
    process = _spawn(wanted, fill(target.words, values), environment_of(values), stack)
    ready = _ready(wanted, process, candidates, announces)
    if process.announced:
        refuse_stale_listener(ready, older)
    return Server(ready, process)


def _start_inetd(
    wanted: ServerSpec, target: CommandTarget, folder: Path, stack: ExitStack
) -> Server:
    """Start the suite's inetd, which listens and starts the command for each connection."""
    at = str(wanted.at) if wanted.at is not None else _free_address(wanted, folder)
    # inetd may choose its port only now; the command does not need it.
    values = values_of(
        wanted.profile, wanted.transport, wanted.at or Address(wanted.transport), str(folder)
    )
    argv = [*INETD_SERVER, at, *fill(target.words, values)]
    process = _spawn(wanted, argv, environment_of(values), stack)
    if not process.wait_announcement(wanted.deadline):
        raise Unreachable(f"no inetd at {at} ({process.ending})", process.last_lines())
    address = announced_address(process)
    ready = _ready(wanted, process, [address])
    return Server(ready, process)


def _start_inheriting(
    wanted: ServerSpec, target: CommandTarget, folder: Path, stack: ExitStack
) -> Server:
    """Bind and listen; only the command inherits the socket."""
    with listening(wanted.transport, wanted.at, folder) as listener:
        address = address_of(listener, wanted.transport)
        values = values_of(wanted.profile, wanted.transport, address, str(folder))
        # The command may use only the descriptor.
        environment = {
            name: value for name, value in environment_of(values).items() if name != "PORT"
        }
        argv = [*LISTEN_FDS, str(listener.fileno()), *fill(target.words, values)]
        process = _spawn(wanted, argv, environment, stack, listener.fileno())
    ready = _ready(wanted, process, [address])
    return Server(ready, process)


def _kind(transport: str) -> int:
    return socket.SOCK_DGRAM if transport in DATAGRAMS else socket.SOCK_STREAM


#: How the command gets its connections -> the function that starts it.
_STARTS = {LISTENS: _start_command, INHERITS: _start_inheriting, INETD: _start_inetd}


def _spawn(
    wanted: ServerSpec, argv: list[str], values: dict[str, str], stack: ExitStack, *inherited: int
) -> Process:
    environment, embedded = {**dict(wanted.environment), **values}, is_python(wanted.target)
    with held():
        process = Process(argv, environment, inherited, wanted.directory, embedded)
        stack.callback(process.stop)
    return process


def check_launchable(target: Target, directory: str | None = None) -> None:
    """Raise Unreachable if a target can never be started in this folder (None: the current one)."""
    words: Sequence[str] = ()
    if isinstance(target, CommandTarget):
        words = target.words
    elif isinstance(target, ReferenceTarget):
        words = REFERENCE_SERVERS[target.language]
    if not words or "{" in words[0]:
        return
    # A word with a slash is a path relative to the command's folder (execvp(3)). pathlib would
    # drop a leading "./", and PATH is searched for a word without a slash.
    command = os.path.join(directory or ".", words[0]) if "/" in words[0] else words[0]
    if shutil.which(command) is None:
        raise Unreachable(f"cannot start {words[0]!r}: no such command")
