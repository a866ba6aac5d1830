"""Scanning many ports at once: connecting in one loop, with a limit of sockets.

Results are reported in the order of the ports, as soon as all earlier ones are known.
"""

from __future__ import annotations

from ...core.address import DATAGRAMS, Address
from ...core.events import AttemptFailed, Report, Scanned
from ...core.typed import deque
from ...engine.loop import Loop
from ...transports.internet import address_of, resolve
from ...transports.plainsocket import socket
from ..shared.connect import DialSetup
from .probing import Probe, ProbeSetup

#: The limit of sockets at once; less if the process may have fewer.
MOST_SOCKETS = 512

#: The number of descriptors that are left for other uses.
SPARE = 32


class Sweep:
    """One scan.

    Arguments:
        dial: the host, and how to connect: without proxies and TLS.
        ports: they replace the address's.
        answer: seconds to wait for a UDP port's answer.
        banner: seconds to wait for an open port's banner; None: do not wait.
        report: called with the result of every port, in order.

    Raises DialError for a name that does not resolve.
    """

    def __init__(
        self,
        dial: DialSetup,
        ports: tuple[str, ...],
        answer: float,
        banner: float | None,
        report: Report,
    ) -> None:
        address = dial.address
        options = dial.options._replace(report=report)
        self._asked = address.host
        self._report = report
        kind = socket.SOCK_DGRAM if address.scheme in DATAGRAMS else socket.SOCK_STREAM
        # The name is looked up once, with any port: each probe sets its own.
        endpoints = resolve(address._replace(service="0"), options, kind)
        if options.source is not None:
            # Only an address of the same family can be reached from the source address.
            source = Address(address.scheme, options.source, "0")
            families = {endpoint.family for endpoint in resolve(source, options, kind)}
            endpoints = [one for one in endpoints if one.family in families] or endpoints
        self._loop = Loop()
        hosts = {one: address_of(address.scheme, one.name).host for one in endpoints}
        self._spare: dict[int, socket.socket] = {}
        self._setup = ProbeSetup(
            self._loop, address, endpoints, options, answer, banner, hosts, self._spare
        )
        self._ports = len(ports)
        self._waiting = deque(enumerate(ports))
        self._known: dict[int, list[AttemptFailed | Scanned]] = {}
        self._told = 0
        self._in_flight = 0
        # A port may have a socket for each address at the same time.
        self._most = max(1, _most() // len(endpoints))
        self._filling = False
        self.found = False

    def run(self) -> bool:
        """Scan; return whether a port is open, or may be."""
        try:
            with self._loop:
                self._fill()
                self._loop.run_while(lambda: self._told < self._ports)
        finally:
            for sock in self._spare.values():
                sock.close()
        return self.found

    def _fill(self) -> None:
        if self._filling:
            return  # a probe has finished during its start: the loop below continues
        self._filling = True
        while self._waiting and self._in_flight < self._most:
            self._in_flight += 1
            Probe(*self._waiting.popleft(), self._setup, self._finished).start()
        self._filling = False

    def _finished(self, probe: Probe) -> None:
        self._in_flight -= 1
        self.found = self.found or probe.state != "closed"
        scanned = Scanned(probe.where, self._asked, probe.state, probe.banner)
        self._known[probe.number] = [*probe.failed, scanned]
        while self._told in self._known:
            for event in self._known.pop(self._told):
                self._report(event)
            self._told += 1
        self._fill()


def _most() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return MOST_SOCKETS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_SOCKETS if soft < 0 else max(1, min(MOST_SOCKETS, soft - SPARE))
