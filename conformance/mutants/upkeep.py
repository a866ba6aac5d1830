"""Faults in the resources that a server uses, and in how it starts again (SPEC 7.17 to 7.20)."""

import os
import socket

from ..reference.python.connection import Connection
from ..reference.python.serving import Server
from .declare import Family


class RefusesItsOldPort(Server):
    """Listens without SO_REUSEADDR: it cannot restart while old connections hold the port."""

    def listen(self, address: str) -> socket.socket:
        listener = super().listen(address)
        if listener.family not in (socket.AF_INET, socket.AF_INET6):
            return listener
        name = listener.getsockname()
        listener.close()
        # Bind again without the option, which should not have been set from the start.
        listener = socket.socket(listener.family, socket.SOCK_STREAM)
        listener.bind(name)
        listener.listen(self.backlog)
        return listener


class Spins(Server):
    """Polls its clients in a busy loop."""

    def _until_next_timer(self) -> "float | None":
        return 0.0 if self.connections else super()._until_next_timer()


class ServesOneOfMany(Server):
    """Accepts one client per event (edge-triggered epoll): others wait for the next event."""

    def accept(self) -> None:
        self.late = [*self.late, *self.arrived()]
        if self.late:
            super().serve(self.late.pop(0))

    late: "list[socket.socket]" = []

    def arrived(self) -> "list[socket.socket]":
        """Return the clients that wait now."""
        found: list[socket.socket] = []
        while True:
            try:
                found.append(self.listener.accept()[0])
            except OSError:
                return found


class EndsWithItsFirstClient(Server):
    """The first client that leaves ends the process."""

    def forget(self, connection: Connection) -> None:
        super().forget(connection)
        # End them with RST: an orderly end could look like the end that another client awaits.
        for other in list(self.connections):
            self.connections.discard(other)
            other.abort()
        os._exit(0)


class LeavesZombies(Server):
    """Starts a child process for each client, and never waits for it."""

    def serve(self, sock: socket.socket) -> None:
        if os.fork() == 0:
            os._exit(0)
        super().serve(sock)


class ZombiesAtReset(Connection):
    """Starts a child process after each reset, and never waits for it."""

    def dropped(self, error: OSError) -> None:
        if os.fork() == 0:
            os._exit(0)
        super().dropped(error)


def in_server(server: "type[Server]", service: "type[Connection]") -> "type[Connection]":
    """Return the service, run by this server class."""
    return type(server.__name__, (service,), {"__doc__": server.__doc__, "server_class": server})


def add_upkeep(family: Family, service: "type[Connection]", quiet: bool) -> None:
    """Declare these faults for a family, based on its correct service.

    Arguments:
        quiet: whether the service waits for silent clients without a limit.
    """
    family.fault("refuses-its-old-port", breaks="restart")(in_server(RefusesItsOldPort, service))
    family.fault("serves-one-of-many", breaks="burst")(in_server(ServesOneOfMany, service))
    first = in_server(EndsWithItsFirstClient, service)
    family.fault("ends-with-its-first-client", breaks="next-client")(first)
    family.fault("spins", breaks="idle")(in_server(Spins, service))
    family.fault("leaves-zombies", breaks="leak-process")(in_server(LeavesZombies, service))
    family.fault("zombies-at-reset", breaks="leak-process")(
        type("ZombiesAtReset", (ZombiesAtReset, service), {"__doc__": ZombiesAtReset.__doc__})
    )
    if not quiet:
        return

    @family.fault("ends-after-a-second", breaks="quiet")
    class EndsAfterASecond(service):  # type: ignore[valid-type,misc]
        """Ends a connection that was idle for a second."""

        heard = 0

        def begin(self) -> None:
            super().begin()
            self.wait_for_more()

        def received(self, data: bytes) -> None:
            super().received(data)
            self.heard += 1
            self.wait_for_more()

        def wait_for_more(self) -> None:
            heard = self.heard
            self.server.call_later(1.0, lambda: self.give_up(heard))

        def give_up(self, heard: int) -> None:
            if self.output:
                # The client causes the delay, because it has not read the output yet: wait again.
                self.wait_for_more()
            elif self.open and not self.input_ended and self.heard == heard:
                self.finish()
                self.advance()
