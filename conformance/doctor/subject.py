"""The server with which conversations are held: found, started, and started again if need be.

No readiness probe goes before them: the first connection that is taken is the first
conversation. A server that serves one client and ends would be gone otherwise.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

from ..clients.channel import ABORT
from ..core.output import complain
from ..core.verdict import Unreachable, cause_of
from ..plan import Options, Plan
from ..targets.address import DATAGRAMS, PIPE, TLS, UNIX, Address, has_ipv6
from ..targets.datagram_probe import DatagramProbe
from ..targets.elsewhere import Elsewhere
from ..targets.grammar import CommandTarget
from ..targets.launch import Server, launched
from ..targets.process import Process
from ..targets.readiness import POLL_INTERVAL, announced_address, why_ended
from ..targets.stream import open_stream
from .talk import Stream

#: Connects to an address within so many seconds. Raises OSError.
Opening = Callable[[Address, float], Stream]

#: Seconds that a command may take until it listens, and for which a running server is tried.
START_TIMEOUT, FIND_TIMEOUT = 20.0, 1.5

#: Seconds after which it is said that it is waited for.
TOLD = 5.0

#: Seconds for which a server of datagrams may be silent, and whether this system says that
#: nobody is there.
SILENT, REFUSES = 2.0, sys.platform.startswith("linux")

#: Seconds for one connect.
CONNECT_TIMEOUT = 1.0

#: Seconds within which a server that is about to end does so: one that may, and one that was
#: seen to close its listener.
ENDING, CLOSING = 0.3, 3.0


class Subject:
    """A server to talk to.

    Arguments:
        options: the target, with where it listens; its other options are not looked at.
        opening: how a connection is made.
    Raises Unreachable.
    """

    def __init__(self, options: Options, opening: Opening = open_stream) -> None:
        self._options = options._replace(profile=None, settings="", cases=())
        self._opening = opening
        self._stack = ExitStack()
        self._first: Stream | None = None
        self._server: Server | None = None
        #: Why the last connect failed.
        self._cause = "nobody is there"
        #: Where it was found although nothing said so.
        self.at: Address | None = None
        self.starts = 0
        #: Seconds that the first start took.
        self.seconds = 0.0
        began = time.monotonic()
        try:
            self._start()
        except Unreachable as failure:
            # The port for a stream is kept from others by a datagram socket at the same number.
            if not self._may_be_datagrams():
                raise
            began = time.monotonic()
            try:
                self._start("udp-echo")
            except Unreachable:
                raise failure from None
        self.seconds = time.monotonic() - began

    def __enter__(self) -> Subject:
        return self

    def __exit__(self, *_details: object) -> None:
        if self._first is not None:
            self.leave(self._first)
        self._stack.close()

    @property
    def address(self) -> Address:
        """Where it listens."""
        assert self._server is not None
        return self._server.address

    @property
    def process(self) -> Process | None:
        """The server's process, when it was started here."""
        return self._server.process if self._server else None

    @property
    def has_ended(self) -> bool:
        """Whether its process is gone."""
        return self.process is not None and not self.process.alive

    def ends(self, patience: float = ENDING) -> bool:
        """Return whether its process ends within so many seconds."""
        return self.process is not None and self.process.wait(patience)

    def connect(self) -> Stream:
        """Return a new connection; a server that has ended is started again.

        Raises OSError, and Unreachable when it does not start again.
        """
        if self._first is None and self.has_ended:
            self._start()
        stream, self._first = self._first, None
        if stream is not None:
            return stream
        try:
            return self._opening(self.address, CONNECT_TIMEOUT)
        except OSError:
            if not self.ends():
                raise
        return self.connect()

    def leave(self, stream: Stream) -> None:
        """Close a connection. At a fixed port none may linger in TIME_WAIT."""
        fixed = self.process is not None and (self._options.at or self.at)
        with suppress(OSError), stream:
            if fixed and isinstance(stream, socket.socket) and stream.family != _unix():
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)

    def last_lines(self) -> list[str]:
        """Return the last lines that it printed."""
        return self.process.last_lines() if self.process else []

    def _may_be_datagrams(self) -> bool:
        plan = Plan(self._options, has_ipv6())
        return (
            isinstance(plan.target, CommandTarget)
            and plan.at is None
            and "port" in plan.target.placeholders
            and not plan.target.placeholders & {"cert", "key"}
        )

    def _start(self, profile: str | None = None) -> None:
        self._stack.close()
        options = self._options._replace(profile=profile)
        if self.at is not None:
            options = options._replace(at=str(self.at))
        plan = Plan(options, has_ipv6())
        case = next(case for case in plan.cases if not case.skip)
        self.starts += 1
        self._server = self._stack.enter_context(
            launched(plan.wanted(case)._replace(meet=self._meet))
        )

    def _meet(self, process: Process | None, candidates: list[Address], announces: bool) -> Address:
        """Wait until a connection is taken, and keep it. Raises Unreachable."""
        with ExitStack() as stack:
            probes = {}
            for address in candidates:
                if address.transport in DATAGRAMS:
                    probes[address] = DatagramProbe(address)
                    stack.callback(probes[address].close)
            search = _Search(process, candidates, announces) if process else None
            until = time.monotonic() + (START_TIMEOUT if process else FIND_TIMEOUT)
            silent_since: float | None = None
            waiting = time.monotonic() + TOLD
            while True:
                if time.monotonic() > waiting:
                    complain(f"waiting until the target listens (up to {START_TIMEOUT:g} s)")
                    waiting = until + 1
                addresses = candidates
                if process and process.announced:
                    addresses = [announced_address(process)]
                elif search and (found := search.found()):
                    self.at, addresses = found, [found]
                for address in addresses:
                    if address.transport in DATAGRAMS:
                        if address not in probes:
                            return address  # it said so, or its socket shows it
                        answered = probes[address].ask(b"hello\n", until)
                        if answered is False:
                            silent_since = silent_since or time.monotonic()
                        # Silence is a server only where nobody there is more than silence.
                        last = (silent_since or until) + SILENT if REFUSES else until
                        if answered or (silent_since and time.monotonic() > last):
                            return address
                    elif self._connects(address):
                        return address
                self._is_there(process, candidates, until)
                if process:
                    process.wait(POLL_INTERVAL)
                else:
                    time.sleep(POLL_INTERVAL)

    def _connects(self, address: Address) -> bool:
        try:
            self._first = self._opening(address, CONNECT_TIMEOUT)
        except OSError as error:
            self._cause = cause_of(error)
            return False
        return True

    def _is_there(self, process: Process | None, candidates: list[Address], until: float) -> None:
        where = " or ".join(map(str, candidates))
        if process is None:
            if time.monotonic() > until:
                raise Unreachable(f"{where} cannot be reached: {self._cause}")
        elif not process.alive:
            raise Unreachable(
                f"the target ended before it was ready ({process.ending}){why_ended(process)}",
                process.last_lines(),
            )
        elif time.monotonic() > until:
            raise Unreachable(
                f"the target did not listen at {where} within {START_TIMEOUT:g} s",
                process.last_lines(),
            )


class _Search:
    """Looks where a command listens that does not do so where it was told, or was told nothing."""

    def __init__(self, process: Process, candidates: list[Address], untold: bool) -> None:
        first = candidates[0]
        self._searches = []
        if first.transport not in (UNIX, PIPE):
            kinds = ("tls",) if first.transport == TLS else ("tcp", "udp")
            self._searches = [
                (kind, Elsewhere(process, [first._replace(transport=kind)], untold=untold))
                for kind in kinds
            ]

    def found(self) -> Address | None:
        """Return the one place where it has been listening for some time."""
        for kind, search in self._searches:
            ports = search.settled()
            if len(ports) == 1:
                return Address(kind, "127.0.0.1", ports[0])
        return None


def _unix() -> int:
    return getattr(socket, "AF_UNIX", -1)
