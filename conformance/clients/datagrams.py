"""A judging sender of datagrams: each needs one complete answer, from the right address.

This is the counterpart of peer.py for datagrams. Its socket is not connected, so that an answer
from a wrong address is seen, not lost. On the way to another machine a datagram may be lost,
duplicated or late, which is not the server's fault: there a datagram is sent again, and a second
copy of an answer is not judged. On the loopback this does not happen to single datagrams.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import selectors
import socket

from ..core.budget import Budget
from ..core.conduct import Conduct
from ..core.system import check_could_connect
from ..core.traffic import Traffic, now
from ..core.transcript import RECEIVED, SENT, Transcript, first_difference
from ..core.verdict import NotJudged, Violation, cause_of
from ..targets.address import Address, endpoints

#: The size of the longest datagram over IPv4; IPv6 (without jumbograms) allows 20 bytes more.
LONGEST = 65_507

#: The size of a buffer for any datagram.
ROOM = 65_536

#: Seconds in which an answer may follow a datagram that is not an answer.
ANSWER_FOLLOWS = 0.5

#: How often a datagram is sent over a network that may lose it.
TRIES = 4


class Sender:
    """One port from which datagrams are sent.

    Arguments:
        name: the sender's name in the transcript.
        address: where the server listens.
        transcript: where the events are recorded.
        deadline: seconds that one awaited datagram may take.
    Raises Violation if there is no route to the address.
    """

    def __init__(
        self, name: str, address: Address, transcript: Transcript, deadline: float
    ) -> None:
        self.name = name
        self.deadline = deadline
        #: The time that all waits of a scenario may take; None is without a limit.
        self.budget: Budget | None = None
        #: The traffic on the bad line to the server; None if there is no such line.
        self.traffic: Traffic | None = None
        self.conduct = Conduct()
        self._address = address
        self._transcript = transcript
        self._previous = b""
        self._sent: list[bytes] = []
        #: Whether an answer from another address or port is judged (11.4), or accepted.
        self.judges_source = False
        #: Whether a datagram that is not an answer is skipped, if an answer follows at once.
        self.takes_others = False
        self._answered: set[bytes] = set()
        try:
            family, self._server = endpoints(address)[0]
        except OSError as error:
            cause = cause_of(error)
            raise Violation("refused", f"cannot send to {address}: {cause}") from error
        self._sock = socket.socket(family, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        # Buffers for the largest datagram; if they are too small, sending fails.
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            self._sock.setsockopt(socket.SOL_SOCKET, option, 4 * ROOM)
        self._near = ipaddress.ip_address(self._server[0]).is_loopback

    def send(self, *datagrams: bytes) -> None:
        """Send each value as one datagram.

        Raises NotJudged for a datagram that this machine cannot send.
        """
        self._sent = list(datagrams)
        for data in datagrams:
            self._transcript.datagram(self.name, SENT, data)
            self._put(data)

    def expect(self, *datagrams: bytes, awaited: str = "the echo") -> None:
        """Await exactly these datagrams, in any order, each once.

        Arguments:
            awaited: what they are, in the words of the contract.
        Raises Violation.
        """
        missing = [self.conduct.expected(data) for data in datagrams]
        while missing:
            data = self._next(missing, awaited)
            if data not in missing and self.takes_others:
                data = self._passing_over(missing, data)
            if data in missing:
                missing.remove(data)
                self._previous = data
                self._answered.add(data)
            elif self._near or data not in self._answered:
                raise self._wrong(missing[0], data, awaited)

    def take(self, awaited: str) -> bytes:
        """Return the next datagram from the server, whatever it is. Raises Violation."""
        data = self._next(None, awaited)
        self._previous = data
        return data

    def expect_nothing_yet(self, why: str) -> None:
        """Check that no datagram has arrived so far; call it after a barrier. Raises Violation."""
        data = self._receive(0.0, None)
        if data is not None:
            raise Violation(
                "surplus-datagram",
                f"a datagram of {len(data)} bytes came before {why}",
                client=self.name,
                awaited=why,
            )

    def _passing_over(self, missing: list[bytes], other: bytes) -> bytes:
        """Return the answer that soon follows another datagram, or else that other datagram."""
        until = self._now() + min(self.deadline, ANSWER_FOLLOWS)
        while (left := until - self._now()) > 0:
            data = self._receive(left, missing)
            if data in missing:
                return data
        return other

    def close(self, note: bool = True) -> None:
        """Close the socket; data that is still sent to it gets "unreachable". Idempotent."""
        if self._sock.fileno() != -1:
            if note:
                self._transcript.note(self.name, "close")
            self._sock.close()

    def _now(self) -> float:
        """Return the time in seconds, without the time in which the line carried data."""
        return now(self.traffic)

    def _put(self, data: bytes) -> None:
        try:
            self._sock.sendto(data, self._server)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise NotJudged(f"this machine sends no datagram of {len(data)} bytes") from error
            check_could_connect(error, f"send to {self._address}")
            cause = os.strerror(error.errno or 0).lower()
            raise Violation(
                "refused", f"send to {self._address}: {cause}", client=self.name
            ) from error

    def _next(self, missing: list[bytes] | None, awaited: str) -> bytes:
        """Return the next datagram from the server.

        Arguments:
            missing: the awaited datagrams; None accepts any.
        """
        if self.budget is not None:
            self.budget.check()
        tries = 1 if self._near else TRIES
        for attempt in range(1, tries + 1):
            until = self._now() + self.deadline / tries
            while (left := until - self._now()) > 0:
                data = self._receive(left, missing)
                if data is not None:
                    return data
            if attempt < tries:
                self._transcript.note(self.name, "sent again")
                for one in self._sent:
                    self._put(one)
        raise Violation(
            "missing-datagram",
            f"no datagram came within {self.deadline:g} s where {awaited} was awaited",
            expected=missing[0] if missing else None,
            received=b"",
            offset=0 if missing else None,
            instead=f"nothing for {self.deadline:g} s",
            awaited=awaited,
            client=self.name,
        )

    def _receive(self, timeout: float, missing: list[bytes] | None) -> bytes | None:
        """Return a datagram from the server within ``timeout`` seconds, or None."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, selectors.EVENT_READ)
            if not selector.select(timeout):
                return None
        try:
            data, source = self._sock.recvfrom(ROOM)
        except (BlockingIOError, ConnectionError):
            return None
        if source[:2] == self._server[:2]:
            self._transcript.datagram(self.name, RECEIVED, data)
            return data
        self._transcript.note(self.name, f"{len(data)} bytes from {source[0]} port {source[1]}")
        if missing is not None and data not in missing:
            return None  # from another program
        if not self.judges_source:
            return data
        raise Violation(
            "wrong-source",
            f"the answer came from {source[0]} port {source[1]} and not from {self._address}",
            client=self.name,
            hint="answer from the socket that received it (and with IP_PKTINFO from the address "
            "that it was sent to)",
        )

    def _wrong(self, expected: bytes, received: bytes, awaited: str) -> Violation:
        violation = Violation(
            "wrong-datagram",
            f"the datagram that came is not {awaited}",
            expected=expected,
            received=received,
            offset=first_difference(expected, received),
            instead="the end of the datagram",
            awaited=awaited,
            client=self.name,
        )
        violation.previous = self._previous
        return violation
