"""The handshake of DTLS, step by step or as a whole; a flight that is lost is sent again."""

from __future__ import annotations

from OpenSSL import SSL

from ...core.broken import HANDSHAKE_TIMED_OUT, over_tls
from ...core.deadline import Deadline
from ...core.errors import Cause, DialError, PyncError, TlsError, cause_of
from ...layers.dtls import DtlsCodec, explained
from ...waiting.readiness import readable
from ..datagram import DatagramConn
from .conn import DtlsConn
from .verifying import Expected


class DtlsSecuring:
    """A handshake that runs step by step, where others must not wait for it.

    Arguments:
        conn: owned by this object, which makes it non-blocking.
        codec: that of our side.
        expected: what our side expects of the peer, and the result of the verification.
        server_side: whether this is the server.
    """

    #: False: it waits to read, and for ``seconds``, but never to write.
    writes = False

    #: The cause to report when the handshake has taken too long.
    lateness: Cause = HANDSHAKE_TIMED_OUT

    def __init__(
        self, conn: DatagramConn, codec: DtlsCodec, expected: Expected, *, server_side: bool
    ) -> None:
        self._conn = conn
        self._codec = codec
        self._expected = expected
        self._server_side = server_side
        self._begun = False
        conn.settimeout(0)

    def late(self) -> TlsError:
        """Return the error to report when the handshake has taken too long."""
        operation = "accept" if self._server_side else "dial"
        return TlsError(operation, over_tls(self._conn.peer), self.lateness)

    @property
    def seconds(self) -> float | None:
        """Seconds until the next step, even if nothing is received; None: wait for the peer."""
        return self._codec.seconds

    def step(self) -> DtlsConn:
        """Continue the handshake; return the connection at its end.

        Raises BlockingIOError when it has to wait; TlsError or DialError, with the connection
        closed.
        """
        try:
            plain = self._go_on()
        except BlockingIOError:
            raise
        except (OSError, SSL.Error) as error:
            self._flush(tolerant=True)
            self._conn.close()
            raise self._failed(error) from None
        except BaseException:
            self._conn.close()
            raise
        return DtlsConn(self._conn, self._codec, plain)

    def _go_on(self) -> list[bytes]:
        if not self._begun:
            self._begun = True
            self._codec.start()
        self._flush()
        while not self._codec.established:
            if self._codec.seconds == 0:
                self._codec.again()
                self._flush()
            plain = self._codec.receive(self._conn.recv_whole())
            self._flush()
            if self._codec.established:
                return plain
        return []

    def _flush(self, *, tolerant: bool = False) -> None:
        for datagram in self._codec.outgoing():
            try:
                self._conn.send(datagram)
            except BlockingIOError:
                pass  # lost, as in the network: the flight is sent again later
            except OSError:
                if not tolerant:
                    raise

    def _failed(self, error: Exception) -> PyncError:
        operation = "accept" if self._server_side else "dial"
        if isinstance(error, ConnectionRefusedError) and not self._server_side:
            cause = cause_of(error)
            return DialError("dial", self._conn.peer, cause, ((self._conn.peer, cause),))
        at = over_tls(self._conn.peer)
        if isinstance(error, OSError):
            return TlsError(operation, at, cause_of(error))
        if self._expected.wrong:
            return TlsError(operation, at, f"certificate verify failed: {self._expected.wrong}")
        assert isinstance(error, SSL.Error)
        return TlsError(operation, at, explained(error))


def secure(securing: DtlsSecuring, conn: DatagramConn, seconds: float) -> DtlsConn:
    """Run all steps of a handshake, and wait between them. Raises TlsError, DialError.

    Arguments:
        seconds: the limit for the whole handshake.
    """
    before = conn.gettimeout()
    deadline = Deadline(seconds)
    while True:
        try:
            secured = securing.step()
        except BlockingIOError:
            pass
        else:
            secured.settimeout(before)
            return secured
        if deadline.passed:
            conn.close()
            raise securing.late()
        times = [time for time in (securing.seconds, deadline.remaining) if time is not None]
        readable(conn.read_fds(), Deadline(min(times)))
