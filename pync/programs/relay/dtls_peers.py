"""The DTLS peers of a datagram relay: each has its own connection, as TCP clients have.

This module is imported only when DTLS is used.
"""

from __future__ import annotations

from ...core.events import Report
from ...core.typed import TYPE_CHECKING
from ...engine.loop import Loop
from ...transports.listener import Listener
from ..shared.clients import Clients
from ..shared.dtls_securing import listening
from ..shared.listening import ListenSetup
from .own_peer import OwnPeer

if TYPE_CHECKING:
    from ..shared.clients import Make


class DtlsPeers(Clients[OwnPeer]):
    """The sessions of all peers.

    Arguments:
        setup: which peers to accept, and how they are secured.
        listener: of UDP; owned by this object.
        loop, report, make, tells: see Clients.
    """

    def __init__(
        self,
        loop: Loop,
        setup: ListenSetup,
        listener: Listener,
        report: Report,
        make: Make[OwnPeer],
        *,
        tells: bool,
    ) -> None:
        assert setup.tls is not None
        self._setup = setup
        secured = listening(listener, setup.tls, setup.options)
        super().__init__(loop, setup, secured, report, make, tells=tells)

    def refuse(self) -> None:
        """Close the listener, and with it every session, as without DTLS: they use its port."""
        for session in list(self.sessions):
            session.give_up()
        super().refuse()

    def come_by(self, listener: Listener) -> None:
        """Accept peers from another listener of UDP; the first one is closed."""
        assert self._setup.tls is not None
        secured = listening(listener, self._setup.tls, self._setup.options)
        secured.admits = listener.admits
        super().come_by(secured)
