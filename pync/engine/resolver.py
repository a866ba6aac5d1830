"""Names looked up beside a loop: getaddrinfo(3) cannot be waited for in any other way.

A thread does nothing but ask, and wakes the loop through a socketpair when there is an answer:
a pump, like those that make other things selectable. Few ask at once; the others wait their turn.
They are daemons, because a lookup cannot be called off. Addresses need no thread.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Union

from ..core.address import Address
from ..core.errors import DialError
from ..transports import Options
from ..transports.internet import Endpoint, resolve
from .loop import Loop

if TYPE_CHECKING:
    from typing_extensions import Self

#: Names that are looked up at once.
AT_ONCE = 16

Found = Union["list[Endpoint]", DialError]


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

    def cancel(self) -> None:
        """Do not answer; idempotent."""
        self.answered = None


class Resolver:
    """Looks up names for a loop.

    Arguments:
        loop: hears the answers.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._asking = 0
        self._waiting: deque[Lookup] = deque()
        #: Filled by the threads; append and popleft are atomic.
        self._answers: deque[Lookup] = deque()
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self._ringer.setblocking(False)
        loop.watch_reader(self._bell.fileno(), self._heard)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hear no more answers; idempotent."""
        self._waiting.clear()
        if self._bell.fileno() != -1:
            self._loop.watch_reader(self._bell.fileno(), None)
            self._bell.close()
            self._ringer.close()

    def look_up(
        self, address: Address, options: Options, answered: Callable[[Found], None]
    ) -> Lookup:
        """Find the endpoints of an address; ``answered`` is called in the loop, later."""
        lookup = Lookup(address, options, answered)
        try:
            lookup.found = resolve(address, options._replace(numeric=True), socket.SOCK_STREAM)
        except DialError as error:
            if options.numeric:
                lookup.found = error
        if lookup.found is not None:
            self._loop.call_later(0, lambda: self._answer(lookup))
        else:
            self._waiting.append(lookup)
            self._ask()
        return lookup

    def _ask(self) -> None:
        while self._waiting and self._asking < AT_ONCE:
            lookup = self._waiting.popleft()
            if lookup.answered is not None:
                self._asking += 1
                name = f"looks up {lookup.address.host}"
                threading.Thread(target=self._run, args=(lookup,), name=name, daemon=True).start()

    def _run(self, lookup: Lookup) -> None:
        try:
            lookup.found = resolve(lookup.address, lookup.options, socket.SOCK_STREAM)
        except DialError as error:
            lookup.found = error
        self._answers.append(lookup)
        try:
            self._ringer.send(b"!")
        except OSError:
            pass  # it rings already, or nobody is there any more

    def _heard(self) -> None:
        try:
            self._bell.recv(4096)
        except BlockingIOError:
            pass
        while self._answers:
            self._asking -= 1
            self._answer(self._answers.popleft())
        self._ask()

    def _answer(self, lookup: Lookup) -> None:
        if lookup.answered is not None and lookup.found is not None:
            lookup.answered(lookup.found)
