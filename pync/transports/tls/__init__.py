"""TLS over TCP for the library: dial and listen, including the handshake.

The command needs more steps (proxies between connecting and the handshake, see
programs/shared/connect.py); both use the contexts and the handshake of handshake.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...core.address import Address, without_zone
from ...core.deadline import Deadline
from ...core.typed import TYPE_CHECKING
from .. import DEFAULT, Options
from .. import dial as dial_plain
from .. import listen as listen_plain
from ..conn import StreamConn
from ..listener import Accepting, Listener
from .accept import Handshakes, Steps
from .handshake import Securing, Security, client_context, secure, server_context

if TYPE_CHECKING:
    from typing import Any


def dial(address: Address, security: Security, options: Options = DEFAULT) -> StreamConn:
    """Connect over TCP and perform the handshake; the time-out covers both.

    Raises DialError, TlsError, UsageError.
    """
    context = client_context(security)
    deadline = Deadline(options.timeout)
    conn = dial_plain(address, options)
    assert isinstance(conn, StreamConn)
    name = security.server_name or without_zone(address.host)
    return secure(
        conn,
        context,
        server_name=name,
        starttls=security.starttls,
        timeout=deadline.remaining,
    )


def listen(address: Address, security: Security, options: Options = DEFAULT) -> TlsListener:
    """Listen over TCP; the handshake with each client is part of accept.

    Raises ListenError, UsageError.
    """
    begin = partial(Securing, context=server_context(security), server_side=True)
    return TlsListener(listen_plain(address, options), begin)


class TlsListener(Accepting):
    """A listener whose connections are secured by TLS or DTLS.

    Arguments:
        plain: accepts connections without it; owned.
        begin: starts the handshake with a connection, which it then owns.
        scheme: of its addresses.
    """

    def __init__(self, plain: Listener, begin: Callable[[Any], Steps], scheme: str = "tls") -> None:
        self._plain = plain
        self._interrupt = self._plain.let_others_close()
        self._handshakes = Handshakes(self._plain, begin, _raise, interrupt=self._interrupt)
        self.addresses = [one._replace(scheme=scheme) for one in self._plain.addresses]

    @property
    def address(self) -> Address:
        """The first of the addresses."""
        return self.addresses[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(map(str, self.addresses))}>"

    def accept(self, timeout: float | None = None) -> StreamConn | Any:
        """Return the next connection, after its handshake.

        Arguments:
            timeout: seconds for a client to come, and for its handshake; None: for ever.
                An unfinished handshake continues in the next call.
        Raises ListenError, which is a TimeoutError, when no client comes; TlsError when a
        handshake fails: the listener can still be used then.
        """
        try:
            with self._interrupt.waiting():
                return self._handshakes.accept(timeout)
        finally:
            if self.closed:
                self._handshakes.close()

    def close(self) -> None:
        """Stop listening; an accept() that waits in another thread ends. Idempotent."""
        self.closed = True
        self._plain.close()
        if not self._interrupt.ring():
            self._handshakes.close()


def _raise(error: Exception, _peer: object) -> None:
    raise error
