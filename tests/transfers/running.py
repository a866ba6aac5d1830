"""Run a transfer, and check its result."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from conformance.targets.ports import reserved_port

from ..programs import PYNC, is_bound, is_listening_path
from .idleness import Idleness
from .plans import REAL, Plan, Side

#: Seconds without any progress after which a running program counts as hanging.
LEFT_OVER = 10.0

#: Seconds that a UDP listener waits for datagrams after its client has exited.
DATAGRAMS_LATE = 2.0

#: Seconds that any other step may take, even on a busy machine.
DEADLINE = 120.0


class Running:
    """The running program of a side, with threads that write its input and read its output."""

    def __init__(self, side: Side, argv: list[str], folder: Path, awaited: int) -> None:
        self.side = side
        self.argv = argv
        #: The other side, when it runs.
        self.other: Running | None = None
        self.received = bytearray()
        #: The time of the last progress.
        self.active_at = time.monotonic()
        self._awaited = awaited
        self._has_all = threading.Event()
        self._said = folder / f"said-{side.listens}"
        with ExitStack() as stack:
            source: IO[bytes] | int = subprocess.PIPE
            if side.from_file:
                path = folder / f"input-{side.listens}"
                path.write_bytes(side.payload)
                source = stack.enter_context(path.open("rb"))
            said = stack.enter_context(self._said.open("wb"))
            self.process = subprocess.Popen(
                argv, stdin=source, stdout=subprocess.PIPE, stderr=said, bufsize=0
            )
        targets = [self._read] if side.from_file else [self._read, self._write]
        self._threads = [threading.Thread(target=target, daemon=True) for target in targets]
        for thread in self._threads:
            thread.start()

    @property
    def said(self) -> str:
        """Its stderr so far."""
        return self._said.read_text(errors="replace").strip()

    @property
    def shown(self) -> bytes:
        """The received data, without telnet's own messages."""
        if self.side.program == "telnet":
            return bytes(self.received).partition(b"Escape character is '^]'.\n")[2]
        return bytes(self.received)

    @property
    def fine(self) -> bool:
        """Whether pync reports no failure; the real programs use other exit statuses."""
        return self.process.returncode == 0 or not self.side.ours

    @property
    def has_all(self) -> bool:
        """Whether all data of the other side was received."""
        return self._has_all.is_set()

    @property
    def is_over(self) -> bool:
        """Whether one of the two programs has ended."""
        others = [] if self.other is None else [self.other]
        return any(one.process.poll() is not None for one in (self, *others))

    def wait_for_threads(self) -> None:
        """Wait until all of its output has been read."""
        for thread in self._threads:
            thread.join(DEADLINE)

    def end(self) -> None:
        """Kill it, if it still runs, and wait for its threads; then close their files."""
        self.process.kill()
        self.process.wait()
        self.wait_for_threads()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def _write(self) -> None:
        stdin, side, sent = self.process.stdin, self.side, 0
        assert stdin is not None
        try:
            for pause, size in side.pieces:
                _sleep(pause)
                view = memoryview(side.payload)[sent : sent + size]
                sent += size
                while view:
                    view = view[stdin.write(view) or 0 :]
                    self.active_at = time.monotonic()
            if side.killed_after is not None:
                while not ((self.other is not None and self.other.received) or self.is_over):
                    _sleep(0.01)
                self.process.kill()
            elif side.outlasts:
                while not self.is_over:
                    _sleep(0.01)
            elif side.ends_last:
                while not (self.has_all or self.is_over):
                    _sleep(0.01)
        except OSError:
            pass  # it has exited
        finally:
            stdin.close()
            self.active_at = time.monotonic()

    def _read(self) -> None:
        stdout, side = self.process.stdout, self.side
        assert stdout is not None
        size = 65536 if side.leaves_after is None else max(1, side.leaves_after)
        while side.leaves_after is None or len(self.received) < side.leaves_after:
            if len(self.shown) >= self._awaited:
                self._has_all.set()
            data = stdout.read(size)
            if not data:
                break
            self.received += data
            self.active_at = time.monotonic()
            _sleep(side.slowness)
        self._has_all.set()
        stdout.close()


def _sleep(seconds: float) -> None:
    threading.Event().wait(seconds)


def _options(side: Side, transport: str) -> list[str]:
    words = [*PYNC, f"--as={side.program}"] if side.ours else [REAL[side.program]]
    if side.listens:
        words.append("-l")
    if side.program == "nc":
        words.append("-N")
    if transport == "unix":
        words.append("-U")
    if transport == "udp":
        words.append("-u")
    if transport.startswith("tls"):
        words.append("--ssl")
        if side.program == "pync":
            words.append(
                f"--ssl-{'max' if transport == 'tls1.2' else 'min'}-version={transport[3:]}"
            )
            words += [] if side.listens else ["--insecure"]
    if transport == "exec" and side.listens:
        words += ["--exec", "/bin/cat"]
    return words


def _through(program: str, transport: str, proxy: int) -> list[str]:
    where, kind = f"127.0.0.1:{proxy}", "socks5" if transport == "socks" else "http"
    if program == "nc":
        return ["-X", "5" if transport == "socks" else "connect", "-x", where]
    if program == "ncat":
        return ["--proxy", where, "--proxy-type", kind]
    return ["--proxy", f"{kind}://{where}"]


def run(planned: Plan) -> list[str]:
    """Run a transfer; return a list of problems."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pync-")))
        listener, client, idleness = _started(stack, planned, folder)
        problems = _watch(planned, listener, client, idleness) or _judge(planned, listener, client)
        said = [f"{one.side.program}: {one.said}" for one in (listener, client) if one.said]
        return [" | ".join([problem, *said]) for problem in problems]


def _started(stack: ExitStack, planned: Plan, folder: Path) -> tuple[Running, Running, Idleness]:
    transport, kind = planned.transport, "udp" if planned.transport == "udp" else "tcp"
    type_ = socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
    port, path = int(stack.enter_context(reserved_port(type_))), folder / "socket"
    where = [str(path)] if transport == "unix" else ["127.0.0.1", str(port)]
    to_listener, to_client = len(planned.client.payload), len(planned.listener.payload)
    if transport == "exec":
        to_listener, to_client = 0, to_listener
    argv = [*_options(planned.listener, transport), *where]
    listener = Running(planned.listener, argv, folder, to_listener)
    stack.callback(listener.end)
    pids = [listener.process.pid]
    if transport == "unix":
        _until(lambda: is_listening_path(path), listener)
    else:
        _until(lambda: is_bound(port, kind), listener)
    argv = _options(planned.client, transport)
    if transport in ("socks", "connect"):
        proxy_port = int(stack.enter_context(reserved_port()))
        kind = "socks" if transport == "socks" else "http"
        words = [*PYNC, "-l", "--proxy-type", kind, "127.0.0.1", str(proxy_port)]
        null = subprocess.DEVNULL
        proxy = subprocess.Popen(words, stdin=null, stdout=null, stderr=null)
        stack.callback(_end, proxy)
        pids.append(proxy.pid)
        _until(lambda: is_bound(proxy_port), listener)
        argv += _through(planned.client.program, transport, proxy_port)
    client = Running(planned.client, [*argv, *where], folder, to_client)
    stack.callback(client.end)
    listener.other, client.other = client, listener
    return listener, client, Idleness(client.process.pid, *pids)


def _until(happened: Callable[[], bool], listener: Running) -> None:
    deadline = time.monotonic() + DEADLINE
    while not happened():
        assert time.monotonic() < deadline, f"nobody listens: {listener.argv} {listener.said}"
        assert listener.process.poll() is None, f"{listener.argv} has exited: {listener.said}"
        _sleep(0.01)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _watch(planned: Plan, listener: Running, client: Running, idleness: Idleness) -> list[str]:
    """Wait until both programs have exited. (A UDP listener does not exit, so it is stopped.)"""
    both = (listener, client)
    while waiting := [one for one in both if one.process.poll() is None]:
        idle = idleness.seconds(max(one.active_at for one in both))
        no_more = listener.has_all or idle > DATAGRAMS_LATE
        if planned.transport == "udp" and waiting == [listener] and no_more:
            listener.process.terminate()
        # A real program may wait for the end of its open input; it is stopped when pync has exited.
        if idle > LEFT_OVER:
            return [f"left running: {' '.join(one.argv)}" for one in waiting]
        _sleep(0.01)
    for one in both:
        one.wait_for_threads()
    return []


def _judge(planned: Plan, listener: Running, client: Running) -> list[str]:
    ways = [(client, listener), (listener, client)]
    if planned.transport == "exec":
        ways = [(client, client)]
    problems = []
    for sender, receiver in ways:
        payload, got = sender.side.payload, receiver.shown
        missing = len(payload) - len(got)
        if not payload.startswith(got):
            problems.append(f"to {receiver.side.program}: other bytes than were sent")
        elif missing and not _excused(planned, sender, receiver):
            problems.append(f"{missing} bytes missing, from {sender.side.program}")
    both_ours = listener.side.ours and client.side.ours
    # The real ncat ends TLS without close_notify, which pync reports.
    truncates = planned.transport.startswith("tls") and not both_ours
    if not (listener.side.disturbs or client.side.disturbs or truncates):
        ended = [client] if planned.transport == "udp" else [listener, client]
        problems += [f"status {one.process.returncode}" for one in ended if not one.fine]
    return problems


def _excused(planned: Plan, sender: Running, receiver: Running) -> bool:
    """Whether bytes may be missing: a program has reported it, or its reader exited early."""
    if receiver.side.leaves_after is not None:
        return True
    if not (sender.side.disturbs or receiver.side.disturbs):
        return False
    if sender.side.killed_after is not None and receiver.side.program == "pync":
        return not receiver.fine  # the missing close_notify shows it
    return not (sender.fine and receiver.fine)
