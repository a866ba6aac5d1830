"""Faults that any service can have: in how it accepts, survives, ends and lets go.

Each is a mixin over a right service; ``add_to`` declares them all for a family.
"""

import os
import signal
import socket
import time

from ..reference.python.connection import Connection
from ..reference.python.serving import Server
from .form import Family


class Dies(RuntimeError):
    """Not caught anywhere: the process ends with status 1."""


class OneAtATime(Server):
    """Accepts the next client when the one before has gone."""

    most = 1

    def accept(self) -> None:
        if len(self.connections) < self.most:
            sock, _ = self.listener.accept()
            self.serve(sock)
        else:
            # Level-triggered readiness would spin: look again in a moment.
            self._selector.unregister(self.listener)
            self.call_later(0.01, self._listen_again)


class FewAtATime(OneAtATime):
    """Sixty clients and no more."""

    most = 60


class DiesInAccept(Server):
    """Asks an accepted client for its name without expecting it gone."""

    def serve(self, sock: socket.socket) -> None:
        try:
            sock.getpeername()
        except OSError as error:
            raise Dies("getpeername") from error
        super().serve(sock)


class IgnoresSigterm(Server):
    """SIGTERM is ignored."""

    def run(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        super().run()


class WaitsForClients(Server):
    """On SIGTERM it waits until the last client has left."""

    def stop(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while self.connections:
            time.sleep(0.05)
        super().stop()


class EndsBadly(Server):
    """SIGTERM ends it with status 1."""

    def status_on_sigterm(self) -> int:
        return 1


class LeavesChild(Server):
    """Has forked a child that goes on holding the listener."""

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
    """Does not start when a path is already there."""

    def clear_path(self) -> None:
        if os.path.lexists(self.path):
            raise FileExistsError(17, "the path exists")


def _in(server: "type[Server]", service: "type[Connection]") -> "type[Connection]":
    return type(server.__name__, (service,), {"__doc__": server.__doc__, "server_class": server})


def add_to(family: Family, service: "type[Connection]") -> None:
    """Declare the common faults for a family over its right service."""
    family.fault("one-at-a-time", breaks="concurrent")(_in(OneAtATime, service))
    family.fault("sixty-at-a-time", breaks="idle-64")(_in(FewAtATime, service))
    family.fault("dies-in-accept", breaks="reset-before-accept")(_in(DiesInAccept, service))
    family.fault("ignores-sigterm", breaks="sigterm-idle")(_in(IgnoresSigterm, service))
    family.fault("ends-with-status-1", breaks="sigterm-idle")(_in(EndsBadly, service))
    family.fault("waits-for-clients", breaks="sigterm-busy")(_in(WaitsForClients, service))
    family.fault("leaves-child", breaks="port-free")(_in(LeavesChild, service))
    family.fault("keeps-path", breaks="path-removed")(_in(KeepsPath, service))
    family.fault("refuses-stale-path", breaks="path-stale")(_in(RefusesStalePath, service))

    @family.fault("dies-on-reset", breaks="reset-at-once")
    class DiesOnReset(service):  # type: ignore[valid-type,misc]
        """A reset connection's error is not caught."""

        def dropped(self, error: OSError) -> None:
            raise Dies("reset") from error

    @family.fault("dies-with-half-a-message", breaks="reset-mid-message")
    class DiesMidMessage(service):  # type: ignore[valid-type,misc]
        """A reset is survived when nothing had been sent, and not in mid-message."""

        unfinished = False

        def received(self, data: bytes) -> None:
            self.unfinished = not data.endswith(b"\n")
            super().received(data)

        def dropped(self, error: OSError) -> None:
            if self.unfinished:
                raise Dies("mid-message") from error
            super().dropped(error)

    @family.fault("dies-in-write", breaks="reset-while-writing")
    class DiesInWrite(service):  # type: ignore[valid-type,misc]
        """Does not look at a client's reset before it writes, and dies of EPIPE."""

        def dropped(self, error: OSError) -> None:
            if self.output or self.input_ended:
                raise Dies("write") from error
            # The reset goes unseen; what is still to be written will find out.
            self.server.watch(self, 0)

        def flush(self) -> None:
            try:
                super().flush()
            except ConnectionError as error:
                raise Dies("write") from error

        def send_fin(self) -> None:
            try:
                self.sock.shutdown(socket.SHUT_WR)
            except OSError as error:
                raise Dies("shutdown") from error
            super().send_fin()

    @family.fault("gives-up-after-20-resets", breaks="reset-fifty")
    class GivesUp(service):  # type: ignore[valid-type,misc]
        """Stops accepting after twenty clients that reset."""

        resets = 0

        def dropped(self, error: OSError) -> None:
            GivesUp.resets += 1
            if GivesUp.resets == 20:
                self.server.listener.close()
                raise Dies("too many errors") from error
            super().dropped(error)

    @family.fault("dies-of-unfinished-input", breaks="half-sent")
    class DiesOfHalfSent(service):  # type: ignore[valid-type,misc]
        """A client that leaves before its message is whole ends the process."""

        message = b""

        def received(self, data: bytes) -> None:
            self.message = data
            super().received(data)

        def check(self) -> None:
            if self.message.startswith((b"half a", b"not asked")):
                raise Dies("unexpected end of input")

        def ended(self) -> None:
            self.check()
            super().ended()

        def dropped(self, error: OSError) -> None:
            self.check()
            super().dropped(error)

    @family.fault("dies-when-an-old-client-resets", breaks="stall-then-reset")
    class DiesOfTheOld(service):  # type: ignore[valid-type,misc]
        """A client that resets after others came and went ends the process."""

        served = 0

        def begin(self) -> None:
            self.served_before = DiesOfTheOld.served
            super().begin()

        def close(self) -> None:
            if self.open:
                DiesOfTheOld.served += 1
            super().close()

        def dropped(self, error: OSError) -> None:
            if DiesOfTheOld.served > self.served_before:
                raise Dies("stale bookkeeping") from error
            super().dropped(error)

    @family.fault("leaks-on-fin", breaks="leak-fin")
    class LeaksOnFin(service):  # type: ignore[valid-type,misc]
        """A connection that ended in order is never closed."""

        kept: "list[socket.socket]" = []

        def close(self) -> None:
            if self.open and self.input_ended:
                self.kept.append(self.sock.dup())
            super().close()

    @family.fault("leaks-on-reset", breaks="leak-reset")
    class LeaksOnReset(service):  # type: ignore[valid-type,misc]
        """A connection that was reset is never closed."""

        kept: "list[socket.socket]" = []

        def dropped(self, error: OSError) -> None:
            self.kept.append(self.sock.dup())
            super().dropped(error)
