"""Names looked up beside a loop: getaddrinfo(3) cannot be waited for in any other way.

A thread does nothing but ask, and wakes the loop through a socketpair when there is an answer:
a pump, like those that make other things selectable. They are daemons, because a lookup cannot be
called off. Addresses need no thread, and what the resolver says of one is kept: it stays the same.
Answers about names are not kept, for getaddrinfo does not tell for how long they hold (their TTL).

A name that nobody answers for takes half a minute, and a client may ask for many of them. So each
client has a share of the threads, clients take turns, and the names that the machine knows by
itself have threads of their own.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Union

from ..core.address import DATAGRAMS, Address
from ..core.closing import Closing
from ..core.errors import DialError
from ..transports import Options
from ..transports.internet import Endpoint, resolve
from .hosts import Hosts
from .loop import Loop

#: Names that are looked up at once: in all, for one client, and of those in hosts(5).
AT_ONCE = 64
FOR_ONE = 16
LOCAL = 4

#: Addresses whose endpoints are kept.
KEPT = 1024

Found = Union["Sequence[Endpoint]", DialError]


class Lookup:
    """One name on its way; cancel() takes the question back.

    Arguments:
        answered: is given the endpoints, or what went wrong.
    """

    def __init__(
        self, address: Address, options: Options, answered: Callable[[Found], None]
    ) -> None:
        self.address = address
        self.options = options
        self.answered: Callable[[Found], None] | None = answered
        self.found: Found | None = None
        #: Whether the name is in hosts(5).
        self.local = False

    def cancel(self) -> None:
        """Do not answer; idempotent."""
        self.answered = None


class Resolver(Closing):
    """Looks up names for a loop.

    Arguments:
        loop: hears the answers.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._hosts = Hosts()
        #: What waits, by client; the client whose turn it is comes first.
        self._waiting: dict[str, deque[Lookup]] = {}
        self._asking: dict[str, int] = {}
        self._local_waiting: deque[Lookup] = deque()
        self._local_asking = 0
        #: Filled by the threads; append and popleft are atomic.
        self._answers: deque[Lookup] = deque()
        self._wakeup, self._ringer = socket.socketpair()
        self._wakeup.setblocking(False)
        self._ringer.setblocking(False)
        loop.watch_reader(self._wakeup.fileno(), self._heard)

    def close(self) -> None:
        """Hear no more answers; idempotent."""
        self._waiting.clear()
        self._local_waiting.clear()
        if self._wakeup.fileno() != -1:
            self._loop.watch_reader(self._wakeup.fileno(), None)
            self._wakeup.close()
            self._ringer.close()

    def known(self, address: Address, options: Options) -> Found | None:
        """Return the endpoints of an address that is a number already; None for a name."""
        # (The number of a zone's interface may change.)
        found = (_of_zone if "%" in address.host else _of_number)(address, options.family)
        if found is None and options.numeric:
            try:
                return resolve(address, options, _kind(address))
            except DialError as error:
                return error
        return found

    def look_up(
        self, address: Address, options: Options, answered: Callable[[Found], None]
    ) -> Lookup:
        """Find the endpoints of an address; ``answered`` is called in the loop, later."""
        lookup = Lookup(address, options, answered)
        lookup.found = self.known(address, options)
        if lookup.found is not None:
            self._loop.call_later(0, lambda: self._answer(lookup))
        elif address.host in self._hosts:
            lookup.local = True
            self._local_waiting.append(lookup)
            self._ask()
        else:
            self._waiting.setdefault(options.client, deque()).append(lookup)
            self._ask()
        return lookup

    def _ask(self) -> None:
        while self._local_waiting and self._local_asking < LOCAL:
            lookup = self._local_waiting.popleft()
            if lookup.answered is not None:
                self._local_asking += 1
                self._start(lookup)
        while sum(self._asking.values()) < AT_ONCE and (one := self._next()) is not None:
            client = one.options.client
            self._asking[client] = self._asking.get(client, 0) + 1
            self._start(one)

    def _next(self) -> Lookup | None:
        """Return the next lookup to start, of the client that has waited longest for its turn."""
        for client in list(self._waiting):
            if self._asking.get(client, 0) >= FOR_ONE:
                continue
            queue = self._waiting.pop(client)
            while queue:
                lookup = queue.popleft()
                if lookup.answered is not None:
                    if queue:
                        self._waiting[client] = queue  # behind the others
                    return lookup
        return None

    def _start(self, lookup: Lookup) -> None:
        name = f"looks up {lookup.address.host}"
        thread = threading.Thread(target=self._run, args=(lookup,), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no thread left
            lookup.found = DialError("dial", lookup.address, str(error))
            self._answers.append(lookup)
            self._loop.call_later(0, self._heard)

    def _ended(self, lookup: Lookup) -> None:
        if lookup.local:
            self._local_asking -= 1
            return
        client = lookup.options.client
        self._asking[client] -= 1
        if not self._asking[client]:
            del self._asking[client]

    def _run(self, lookup: Lookup) -> None:
        try:
            lookup.found = resolve(lookup.address, lookup.options, _kind(lookup.address))
        except DialError as error:
            lookup.found = error
        except Exception as error:  # noqa: BLE001 - its client has to be answered, and its turn ends
            cause = f"internal error: {type(error).__name__}: {error}"
            lookup.found = DialError("dial", lookup.address, cause)
        self._answers.append(lookup)
        try:
            self._ringer.send(b"!")
        except OSError:
            pass  # it rings already, or nobody is there any more

    def _heard(self) -> None:
        try:
            self._wakeup.recv(4096)
        except BlockingIOError:
            pass
        while self._answers:
            lookup = self._answers.popleft()
            self._ended(lookup)
            self._answer(lookup)
        self._ask()

    def _answer(self, lookup: Lookup) -> None:
        if lookup.answered is not None and lookup.found is not None:
            lookup.answered(lookup.found)


def _of_zone(address: Address, family: int) -> Sequence[Endpoint] | None:
    try:
        return resolve(address, Options(numeric=True, family=family), _kind(address))
    except DialError:
        return None


_of_number = lru_cache(KEPT)(_of_zone)


def _kind(address: Address) -> int:
    """Return the kind of socket that an address is for: services are named for each."""
    return socket.SOCK_DGRAM if address.scheme in DATAGRAMS else socket.SOCK_STREAM
