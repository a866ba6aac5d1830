"""The server for the conversations: it is found or started, and restarted if necessary.

There is no readiness probe: the first accepted connection is used for the first
conversation. Otherwise a server that ends after one client would already have ended.
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

#: A function that connects to an address within this many seconds. Raises OSError.
Opening = Callable[[Address, float], Stream]

#: Seconds that a command may take until it listens, and for connecting to a running server.
START_TIMEOUT, FIND_TIMEOUT = 20.0, 1.5

#: Seconds of waiting after which a message is printed.
TOLD = 5.0

#: Seconds for which a server of datagrams may be silent, and whether this system reports a port
#: without a server.
SILENT, REFUSES = 2.0, sys.platform.startswith("linux")

#: Seconds for one connect.
CONNECT_TIMEOUT = 1.0

#: Seconds to wait for the end of a server: of one that may end, and of one that has closed its
#: listener.
ENDING, CLOSING = 0.3, 3.0


class Subject:
    """A server to talk to.

    Arguments:
        options: the target and where it listens; other options are ignored.
        opening: the function that makes a connection.
    Raises Unreachable.
    """

    def __init__(self, options: Options, opening: Opening = open_stream) -> None:
        self._options = options._replace(profile=None, settings="", cases=())
        self._opening = opening
        self._stack = ExitStack()
        self._first: Stream | None = None
        self._server: Server | None = None
        #: Why the last connect failed.
        self._cause = "no server answers there"
        #: The address where the server was found without being told.
        self.at: Address | None = None
        self.starts = 0
        #: Seconds that the first start took.
        self.seconds = 0.0
        began = time.monotonic()
        try:
            self._start()
        except Unreachable as failure:
            # A datagram socket with the same number reserves the port of a stream; so a server of
            # datagrams could not bind it.
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
        """The server's address."""
        assert self._server is not None
        return self._server.address

    @property
    def process(self) -> Process | None:
        """The server's process, if the suite has started it."""
        return self._server.process if self._server else None

    @property
    def has_ended(self) -> bool:
        """Whether the server's process has ended."""
        return self.process is not None and not self.process.alive

    def ends(self, patience: float = ENDING) -> bool:
        """Return whether the server's process ends within this many seconds."""
        return self.process is not None and self.process.wait(patience)

    def connect(self) -> Stream:
        """Return a new connection; if the server has ended, start it again.

        Raises OSError, and Unreachable if the server does not start again.
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
        """Close a connection. At a fixed port, leave none in TIME_WAIT."""
        fixed = self.process is not None and (self._options.at or self.at)
        with suppress(OSError), stream:
            if fixed and isinstance(stream, socket.socket) and stream.family != _unix():
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)

    def last_lines(self) -> list[str]:
        """Return the last lines that the server printed."""
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
        """Wait until a connection is accepted, and keep it. Raises Unreachable."""
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
                            return address  # it was announced, or the socket was found
                        answered = probes[address].ask(b"hello\n", until)
                        if answered is False:
                            silent_since = silent_since or time.monotonic()
                        # Silence means a server only if the system reports an unused port.
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
    """A search for the address of a command that does not listen at the expected one."""

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
        """Return the only address at which the command has been listening for some time."""
        for kind, search in self._searches:
            ports = search.settled()
            if len(ports) == 1:
                return Address(kind, "127.0.0.1", ports[0])
        return None


def _unix() -> int:
    return getattr(socket, "AF_UNIX", -1)
