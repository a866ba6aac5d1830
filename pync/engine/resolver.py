"""Name lookups in threads beside a loop: a loop cannot wait for getaddrinfo(3).

A thread only calls getaddrinfo, and wakes the loop through a socketpair when it has the answer.
The threads are daemons, because a lookup cannot be cancelled. Numeric addresses need no thread, and
are cached, because they do not change. Answers about names are not cached, because getaddrinfo does
not return their TTL.

A lookup without an answer takes half a minute, and a client may ask for many such names. So each
client has a share of the threads, clients take turns, and names in hosts(5) have threads of their
own.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache

from ..core.address import DATAGRAMS, Address
from ..core.closing import Closing
from ..core.errors import DialError
from ..core.typed import TYPE_CHECKING
from ..transports import Options
from ..transports.internet import Endpoint, resolve
from .hosts import Hosts
from .loop import Loop

if TYPE_CHECKING:
    #: The result of a lookup.
    Found = Sequence[Endpoint] | DialError

#: Lookups at the same time: in total, for one client, and for names in hosts(5).
AT_ONCE = 64
FOR_ONE = 16
LOCAL = 4

#: The number of addresses whose endpoints are cached.
KEPT = 1024


class Lookup:
    """One lookup; cancel() drops its answer.

    Arguments:
        answered: called with the endpoints or the error.
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
        """Drop the answer when it comes; idempotent."""
        self.answered = None


class Resolver(Closing):
    """The lookups of a loop.

    Arguments:
        loop: receives the answers.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._hosts = Hosts()
        #: The waiting lookups of each client; the client with the next turn comes first.
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
        """Drop all lookups and ignore later answers; idempotent."""
        self._waiting.clear()
        self._local_waiting.clear()
        if self._wakeup.fileno() != -1:
            self._loop.watch_reader(self._wakeup.fileno(), None)
            self._wakeup.close()
            self._ringer.close()

    def known(self, address: Address, options: Options) -> Found | None:
        """Return the endpoints of a numeric address; None for a name."""
        # (The number of a zone's interface may change, so a zone is not cached.)
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
        """Start to look up an address; the loop calls ``answered`` later."""
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
                        self._waiting[client] = queue  # after the other clients
                    return lookup
        return None

    def _start(self, lookup: Lookup) -> None:
        name = f"looks up {lookup.address.host}"
        thread = threading.Thread(target=self._run, args=(lookup,), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system cannot start another thread
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
            pass  # a wake-up is already in the socket, or the resolver is closed

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
    """Return the type of socket for an address: the names of services depend on it."""
    return socket.SOCK_DGRAM if address.scheme in DATAGRAMS else socket.SOCK_STREAM
