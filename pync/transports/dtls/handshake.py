"""The handshake of DTLS, step by step or as a whole: a flight that is lost is sent again."""

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
    """A handshake.

    Arguments:
        conn: owned from now on; it does not block.
        codec: of our side.
        expected: what it expects of its peer, and found.
        server_side: whether the peer has dialled.
    """

    #: It waits to read, and for the time (``seconds``).
    writes = False

    #: Why it failed, when it has taken too long.
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
        """In how many seconds step() is due, whether or not something has come."""
        return self._codec.seconds

    def step(self) -> DtlsConn:
        """Go on; returns the connection when the handshake is over.

        Raises BlockingIOError when it has to wait, TlsError or DialError with the connection
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
                pass  # lost, as it may be in the network: it is sent again in time
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
    """Take all steps of a handshake, and wait between them. Raises TlsError, DialError.

    Arguments:
        seconds: that it may take.
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
