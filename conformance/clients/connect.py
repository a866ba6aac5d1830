"""Connect a new client; a refusal becomes a violation."""

from __future__ import annotations

import os
import time

from ..core.system import check_could_connect
from ..core.traffic import Traffic
from ..core.transcript import Transcript
from ..core.verdict import Violation
from ..targets.address import PIPE, TLS, Address, open_socket
from .peer import Peer
from .pipe_peer import PipePeer


def dial(
    name: str,
    address: Address,
    transcript: Transcript,
    deadline: float,
    receive_buffer: int | None = None,
    shakes: bool = True,
    traffic: Traffic | None = None,
) -> Peer:
    """Connect a new client.

    Arguments:
        receive_buffer: bytes of SO_RCVBUF, set before connecting so that the window
            is small from the start.
        shakes: whether to complete the handshake of TLS too.
        traffic: the traffic on a bad line to the server.
    Raises Violation if the server does not accept the connection.
    """
    began = time.monotonic()
    try:
        sock = open_socket(address, deadline, receive_buffer)
    except OSError as error:
        check_could_connect(error, f"connect {address}")
        cause = os.strerror(error.errno).lower() if error.errno else str(error)
        transcript.note(name, f"connect {address}: {cause}")
        waited = time.monotonic() - began
        raise Violation(
            "refused",
            f"the server does not accept a connection at {address}: {cause} (after {waited:.1f} s)",
            client=name,
        ) from error
    transcript.note(name, f"connect {address}")
    if address.transport == PIPE:
        return PipePeer(name, sock, transcript, deadline)
    if address.transport != TLS:
        peer = Peer(name, sock, transcript, deadline)
        peer.traffic = traffic
        return peer
    from .tls_peer import TlsPeer

    sealed = TlsPeer(name, sock, transcript, deadline, address.host)
    sealed.traffic = traffic
    try:
        sealed.shake() if shakes else sealed.begin()
    except BaseException:
        sealed.close(note=False)
        raise
    return sealed
