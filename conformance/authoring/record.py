"""``record TARGET``: a person talks to a correct server, and a scenario is written from that.

The client program (pync, on the person's terminal) connects to a relay, and the relay to the
server; the relayed data is recorded. The file is written completely or not at all, and never
replaces another one.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from ..clients.channel import Channel
from ..clients.peer import Peer
from ..core.invocation import command_line, run_command
from ..core.output import say
from ..core.transcript import Transcript
from ..core.verdict import Exit, NotWritten, Unreachable, Violation, WrongUsage, cause_of
from ..doctor.subject import Subject
from ..plan import Options
from ..profiles import BUILT_IN
from ..reports.writing import not_written, write_whole
from ..runner.preflight import resolved
from ..targets.address import DATAGRAMS, LOOPBACK, PIPE, TCP, TLS, Address, open_socket
from ..targets.grammar import MutantTarget, ReferenceTarget, parse_target
from .client import Client, check_client
from .datagrams import DatagramRelay
from .document import Recording, document
from .names import name_for
from .relay import AFTERWARDS, TICK, Relay
from .watched import Watched

#: The default file.
OUTPUT = "recorded.toml"

#: Seconds for a handshake.
HANDSHAKE = 10.0


class Session(NamedTuple):
    """The outcome of a session with a client program."""

    address: Address
    watched: Watched
    was_interrupted: bool
    was_cut: bool


def record(options: Options, output: Path, masks: tuple[str, ...]) -> Exit:
    """Record one session and write it.

    Arguments:
        options: the target, with where it listens, and the client program.
        output: the file to write.
        masks: texts that must not be in the file.
    Raises WrongUsage, Unreachable, NotWritten.
    """
    check_client(options.client)
    _check_output(output)
    asked = resolved(options)
    with Subject(asked, open_socket) as subject:
        if subject.address.transport == PIPE:
            raise WrongUsage("record cannot pass a named pipe on")
        session = _session(subject, options.client)
    if session is None:
        return Exit.INTERRUPTED
    if not session.watched.happened:
        _tell("the client program sent nothing and ended: nothing was recorded")
        return Exit.NOTHING_RAN
    recording = Recording(
        name_for(output.stem, BUILT_IN.profiles),
        options.typed or options.target,
        session.address.transport,
        session.watched.happened,
        is_cut=session.watched.is_cut,
        is_unended=session.was_cut,
        masks=tuple(os.fsencode(text) for text in masks),
        hosts=_hosts(),
    )

    def judging(settings: str) -> str:
        given = {**_given(options, output), **({"set": settings} if settings else {})}
        return command_line(run_command(), _judged(options), given)

    written = document(recording, judging)
    _write(output, written.text)
    _tell(f"{output}: {written.summary}")
    _tell(f"next: {written.judge}")
    return Exit.INTERRUPTED if session.was_interrupted else Exit.CONFORMANT


def _judged(options: Options) -> str:
    """Return the target for a run; an embedded server knows only the built-in services."""
    embedded = isinstance(parse_target(options.target), (ReferenceTarget, MutantTarget))
    return "TARGET" if embedded else options.typed or options.target


def _given(options: Options, output: Path) -> dict[str, str]:
    path = str(output) if os.sep in str(output) else os.path.join(os.curdir, str(output))
    return {"profile": path, **({"at": options.at} if options.at else {})}


def _session(subject: Subject, command: str | None) -> Session | None:
    """Run the client program; return None if it was interrupted before it connected."""
    address = subject.address
    watched = Watched(datagrams=address.transport in DATAGRAMS)
    try:
        if address.transport in DATAGRAMS:
            return _datagrams(address, watched, command)
        return _stream(subject, watched, command)
    except OSError as error:
        raise Unreachable(f"{address}: {cause_of(error)}") from error


def _datagrams(address: Address, watched: Watched, command: str | None) -> Session | None:
    relay = DatagramRelay(address, watched)
    with ExitStack() as stack:
        stack.callback(relay.close)
        client = stack.enter_context(Client(command, LOOPBACK[TCP], relay.port, datagrams=True))
        was_interrupted = _run(relay, client)
        client.end(AFTERWARDS)
    if was_interrupted and not watched.happened:
        return None
    return Session(address, watched, was_interrupted, was_cut=False)


def _stream(subject: Subject, watched: Watched, command: str | None) -> Session | None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((LOOPBACK[TCP], 0)))
        server = _server(subject, watched, stack)
        port = listener.getsockname()[1]
        client = stack.enter_context(Client(command, LOOPBACK[TCP], port, datagrams=False))
        try:
            accepted = _accepted(listener, client)
        except KeyboardInterrupt:
            return None
        if accepted is None:
            raise WrongUsage(f"the client program {client.argv[0]!r} ended without connecting")
        stack.enter_context(accepted)
        relay = Relay((accepted, Channel("client", accepted, Transcript(), HANDSHAKE)), server)
        stack.callback(relay.close)
        listener.close()
        was_interrupted = _run(relay, client)
        relay.close()
        client.end(AFTERWARDS)
        return Session(subject.address, watched, was_interrupted, relay.was_cut)


def _server(subject: Subject, watched: Watched, stack: ExitStack) -> tuple[socket.socket, Channel]:
    """Return the connection to the server, after its handshake."""
    sock = subject.connect()
    assert isinstance(sock, socket.socket)
    stack.enter_context(sock)
    if subject.address.transport != TLS:
        return sock, Peer("A", sock, watched, HANDSHAKE)
    from ..clients.tls_peer import TlsPeer

    peer = TlsPeer("A", sock, watched, HANDSHAKE, subject.address.host)
    try:
        peer.shake()
    except Violation as violation:
        raise Unreachable(f"{subject.address}: {violation}") from violation
    return sock, peer


def _accepted(listener: socket.socket, client: Client) -> socket.socket | None:
    """Return the client's connection; None if the program ends without connecting."""
    while True:
        runs = client.runs
        if select.select([listener], [], [], TICK)[0]:
            accepted, _ = listener.accept()
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return accepted
        if not runs:
            return None


def _run(relay: Relay | DatagramRelay, client: Client) -> bool:
    """Run the relay to the end; return whether it was interrupted."""
    try:
        relay.run(lambda: client.runs)
    except KeyboardInterrupt:
        # ^C has reached the client program too; its end is recorded as well.
        client.end(AFTERWARDS)
        relay.run(lambda: False)
        return True
    return False


def _hosts() -> tuple[bytes, ...]:
    """Return the names of this machine, which are different on other machines."""
    name = socket.gethostname()
    return tuple({os.fsencode(one) for one in (name, name.partition(".")[0]) if one})


def _check_output(output: Path) -> None:
    """Check early that the file can be written after the session. Raises WrongUsage."""
    if output.is_dir():
        raise WrongUsage(f"{output} is a folder: name a file (--output=FILE)")
    if output.is_file():
        raise WrongUsage(f"{output} exists already: name a new file (--output=FILE)")
    if output.exists():
        return  # a device, such as /dev/stdout
    try:
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        raise not_written(f"--output {output}", error) from None


def _write(output: Path, text: str) -> None:
    try:
        write_whole(output, text)
    except OSError as error:
        raise not_written(f"--output {output}", error) from None


def _tell(line: str) -> None:
    """Print a line to stderr, because the client program uses standard output."""
    if sys.stderr is not None:
        with suppress(OSError, NotWritten):  # the terminal may have been closed
            say(line, sys.stderr)
