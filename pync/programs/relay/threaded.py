"""A relay over a faulty line in a thread, for Python programs (pync/faulty_link.py)."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from ...core.endings import Endings
from ...core.events import silent
from ...core.fault import DATAGRAMS
from ...core.typed import TYPE_CHECKING, TypeVar
from ...engine.loop import Loop
from ...engine.pipeline import Pipeline
from ...engine.resolver import Resolver
from ...transports import Options, listen
from ..shared.clients import Clients
from ..shared.listening import ListenSetup
from .onward import Onward, OnwardSetup
from .session import Services, maker
from .spoiling import FaultSetup, SpoiledRelay

if TYPE_CHECKING:
    from typing import Any

    from ...core.address import Address
    from .inside import Inside

_Result = TypeVar("_Result")

#: Seconds in which the relay's thread must answer.
PATIENCE = 30.0


class RelayThread:
    """A relay in its own thread.

    Arguments:
        target: the address to connect onward to.
        entrance: the address to listen on.
        setup: the faults.

    Raises ListenError.
    """

    def __init__(self, target: Address, entrance: Address, setup: FaultSetup) -> None:
        self.spoiled = SpoiledRelay(setup)
        #: What moves over the line: ``streams`` or ``datagrams``.
        self.place = setup.place
        self._near = ListenSetup(entrance, Options(many=True), keep_open=True)
        self._listener = listen(entrance, self._near.options)
        self.address = self._listener.address
        self._target = target
        self._calls: deque[_Call] = deque()
        self._wakes, self._waker = socket.socketpair()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="pync.faulty", daemon=True)
        self._thread.start()

    def call(self, do: Callable[[], _Result]) -> _Result:
        """Call ``do`` in the relay's thread, and return its result. Raises what it raises."""
        call = _Call(do)
        self._calls.append(call)
        self._wake()
        result: _Result = call.result()
        return result

    def close(self) -> None:
        """End every connection by RST, and the thread. Idempotent."""
        if not self._over:
            self._over = True
            self._wake()
            self._thread.join(PATIENCE)
            self._wakes.close()
            self._waker.close()

    def _wake(self) -> None:
        with suppress(OSError):
            self._waker.send(b"!")

    def _run(self) -> None:
        with self._listener, self.spoiled, Loop() as loop, Resolver(loop) as resolver:
            endings = Endings(on_peer_end="stay", truncated_ends=False)
            onward = Onward(OnwardSetup((self._target,)), silent)
            clients: Inside
            if self.place == DATAGRAMS:
                from .peer_services import PeerServices
                from .peers import IDLE, Peers

                of_peers = PeerServices(onward, resolver, Pipeline, None, silent, self.spoiled)
                clients = Peers(loop, self._near, self._listener, of_peers, IDLE)
            else:
                services = Services(
                    onward, resolver, endings, Pipeline, None, silent, True, self.spoiled
                )
                clients = Clients(loop, self._near, self._listener, silent, maker(services))
            self.spoiled.open(loop, clients, silent)
            clients.open()
            loop.watch_reader(self._wakes.fileno(), self._do_what_is_asked)
            try:
                loop.run_while(lambda: not self._over)
            finally:
                clients.break_off()

    def _do_what_is_asked(self) -> None:
        self._wakes.recv(4096)
        while self._calls:
            self._calls.popleft().run()


class _Call:
    """A call that another thread makes.

    Arguments:
        do: the function to call.
    """

    def __init__(self, do: Callable[[], Any]) -> None:
        self._do = do
        self._done = threading.Event()
        self._result: Any = None
        self._error: Exception | None = None

    def run(self) -> None:
        """Make the call, in this thread."""
        try:
            self._result = self._do()
        except Exception as error:  # noqa: BLE001 - result() raises it in the other thread
            self._error = error
        self._done.set()

    def result(self) -> Any:
        """Return the call's result when it is there. Raises what it raised; TimeoutError."""
        if not self._done.wait(PATIENCE):
            raise TimeoutError("the relay's thread does not answer")
        if self._error is not None:
            raise self._error
        return self._result
