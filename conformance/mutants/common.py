"""Faults that any service can have: in accepting, surviving, ending and releasing resources.

Each is a mixin for a correct service; ``add_to`` declares them all for a family.
"""

import os
import signal
import socket
import sys
import time

from ..reference.python.connection import Connection
from ..reference.python.serving import Server
from .declare import Family
from .upkeep import add_upkeep, in_server

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing would slow down the start
    from typing import NoReturn


def die(server: Server, cause: str) -> "NoReturn":
    """End the process like a crash: status 1, and no client gets FIN.

    An exception would leave the block ``with server``, which sends FIN to every client; a
    client that had just been answered could not distinguish that from an orderly end.
    """
    print(f"fatal: {cause}", file=sys.stderr, flush=True)
    for connection in list(server.connections):
        connection.abort()
    os._exit(1)


def small_send_buffer(connection: Connection) -> None:
    """Make a fault in writing show early: Linux may let a send buffer grow to megabytes."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


class OneAtATime(Server):
    """Accepts the next client only when the previous one has left."""

    most = 1

    def accept(self) -> None:
        if len(self.connections) < self.most:
            sock, _ = self.listener.accept()
            self.serve(sock)
        else:
            # Level-triggered readiness would make the loop spin, so try again in a moment.
            self._selector.unregister(self.listener)
            self.call_later(0.01, self._listen_again)


class FewAtATime(OneAtATime):
    """Serves at most sixty clients at a time."""

    most = 60


class OneClientAndEnds(Server):
    """Serves one client and ends."""

    def forget(self, connection: Connection) -> None:
        super().forget(connection)
        self.request_stop()


class DiesInAccept(Server):
    """Asks for the address of an accepted client, and dies if the client has gone."""

    def serve(self, sock: socket.socket) -> None:
        try:
            sock.getpeername()
        except OSError:
            sock.close()
            die(self, "getpeername")
        super().serve(sock)


class IgnoresSigterm(Server):
    """SIGTERM is ignored."""

    def run(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        super().run()


class WaitsForClients(Server):
    """After SIGTERM it waits until the last client has left by itself."""

    def is_done(self) -> bool:
        if self.stopping:
            # No client is disconnected any more, by a farewell or by LINGER.
            self._timers.clear()
        return self.stopping and not self.connections


class EndsBadly(Server):
    """SIGTERM ends the server with exit status 1."""

    def request_stop(self) -> None:
        self.status = 1
        super().request_stop()


class LeavesChild(Server):
    """Has forked a child that keeps the listener open."""

    def run(self) -> None:
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(60)
            os._exit(0)
        super().run()


class KeepsPath(Server):
    """Leaves its Unix socket path behind."""

    def remove_path(self) -> None:
        pass


class RefusesStalePath(Server):
    """Does not start if its Unix socket path exists already."""

    def clear_path(self) -> None:
        if os.path.lexists(self.path):
            raise FileExistsError(17, "the path exists")


class DiesOfSigpipe(Server):
    """SIGPIPE is not ignored: writing to a client that has gone ends the process."""

    def run(self) -> None:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        super().run()


def add_to(
    family: Family,
    service: "type[Connection]",
    writing: "type[Connection] | None" = None,
    writes: bool = True,
    quiet: bool = True,
    at_last: bool = False,
) -> None:
    """Declare the common faults for a family, based on its correct service.

    Arguments:
        writing: the service that is reset while it writes, if it must be another one.
        writes: whether the service sends anything.
        quiet: whether the service waits for silent clients without a limit.
        at_last: whether the service writes after a client's end: then any reset can kill it.
    """
    if writes:
        breaks = "reset-at-once" if at_last else "reset-while-writing"
        _dies_in_write(family, writing or service, breaks)
        family.fault("dies-of-sigpipe", breaks="reset-while-writing")(
            in_server(DiesOfSigpipe, service)
        )
    family.fault("one-client-and-ends", breaks="next-client")(in_server(OneClientAndEnds, service))
    family.fault("one-at-a-time", breaks="concurrent")(in_server(OneAtATime, service))
    family.fault("sixty-at-a-time", breaks="idle-64")(in_server(FewAtATime, service))
    family.fault("dies-in-accept", breaks="reset-before-accept")(in_server(DiesInAccept, service))
    family.fault("ignores-sigterm", breaks="sigterm-idle")(in_server(IgnoresSigterm, service))
    family.fault("ends-with-status-1", breaks="sigterm-idle")(in_server(EndsBadly, service))
    family.fault("waits-for-clients", breaks="sigterm-busy")(in_server(WaitsForClients, service))
    family.fault("leaves-child", breaks="port-free")(in_server(LeavesChild, service))
    family.fault("keeps-path", breaks="path-removed")(in_server(KeepsPath, service))
    family.fault("refuses-stale-path", breaks="path-stale")(in_server(RefusesStalePath, service))
    add_upkeep(family, service, quiet)

    @family.fault("dies-on-reset", breaks="reset-at-once")
    class DiesOnReset(service):  # type: ignore[valid-type,misc]
        """A reset connection's error is not caught."""

        def dropped(self, error: OSError) -> None:
            die(self.server, f"unhandled: {error}")

    @family.fault("dies-with-half-a-message", breaks="reset-mid-message")
    class DiesMidMessage(service):  # type: ignore[valid-type,misc]
        """A reset in the middle of a message ends the process; other resets do not."""

        unfinished = False

        def received(self, data: bytes) -> None:
            self.unfinished = not data.endswith(b"\n")
            super().received(data)

        def dropped(self, error: OSError) -> None:
            if self.unfinished:
                die(self.server, f"in mid-message: {error}")
            super().dropped(error)

    @family.fault("gives-up-after-20-resets", breaks="reset-fifty")
    class GivesUp(service):  # type: ignore[valid-type,misc]
        """Stops accepting after twenty clients that reset."""

        resets = 0

        def dropped(self, error: OSError) -> None:
            GivesUp.resets += 1
            if GivesUp.resets == 20:
                die(self.server, f"too many errors, the last: {error}")
            super().dropped(error)

    @family.fault("dies-of-unfinished-input", breaks="half-sent")
    class DiesOfHalfSent(service):  # type: ignore[valid-type,misc]
        """A client that leaves with an unfinished last line ends the process."""

        unfinished = False

        def received(self, data: bytes) -> None:
            self.unfinished = not data.endswith(b"\n")
            super().received(data)

        def ended(self) -> None:
            if self.unfinished:
                die(self.server, "unexpected end of input")
            super().ended()

        def dropped(self, error: OSError) -> None:
            if self.unfinished:
                die(self.server, f"unexpected end of input: {error}")
            super().dropped(error)

    @family.fault("dies-when-an-old-client-resets", breaks="stall-then-reset")
    class DiesOfTheOld(service):  # type: ignore[valid-type,misc]
        """The process ends if a client resets after newer clients have connected."""

        # Count only ends of other clients that had sent something, because the suite has seen
        # them; a client that has only connected since may be seen before the reset.
        served, heard = 0, not quiet

        def begin(self) -> None:
            self.before = DiesOfTheOld.served
            super().begin()

        def received(self, data: bytes) -> None:
            self.heard = True
            super().received(data)

        def send_fin(self) -> None:
            DiesOfTheOld.served += self.heard
            super().send_fin()

        def dropped(self, error: OSError) -> None:
            if DiesOfTheOld.served > self.before:
                die(self.server, f"stale bookkeeping: {error}")
            super().dropped(error)

    @family.fault("leaks-on-fin", breaks="leak-fin")
    class LeaksOnFin(service):  # type: ignore[valid-type,misc]
        """A connection that ended by FIN is never closed."""

        leaked: "list[socket.socket]" = []

        def close(self) -> None:
            if self.open and self.input_ended:
                self.leaked.append(self.sock.dup())
            super().close()

    @family.fault("leaks-on-reset", breaks="leak-reset")
    class LeaksOnReset(service):  # type: ignore[valid-type,misc]
        """A connection that was reset is never closed."""

        leaked: "list[socket.socket]" = []

        def dropped(self, error: OSError) -> None:
            self.leaked.append(self.sock.dup())
            super().dropped(error)


def _dies_in_write(family: Family, writing: "type[Connection]", breaks: str) -> None:
    @family.fault("dies-in-write", breaks=breaks)
    class DiesInWrite(writing):  # type: ignore[valid-type,misc]
        """Treats a client's reset as the end of input, keeps writing, and dies of EPIPE."""

        input_ended = False

        def begin(self) -> None:
            small_send_buffer(self)
            super().begin()

        def dropped(self, error: OSError) -> None:
            if self.output:
                die(self.server, f"write: {error}")
            if not self.input_ended:
                self.input_ended = True
                self.ended()

        def send_fin(self) -> None:
            try:
                self.sock.shutdown(socket.SHUT_WR)
            except OSError:
                # The server had nothing to write, so the reset of an idle connection is harmless.
                self.close()
                return
            super().send_fin()
