"""DTLS between dialling and talking: rejected connections, and certificates of listeners."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

from pync.core.address import Address
from pync.core.errors import UsageError
from pync.core.events import Event
from pync.core.server_events import Unverified
from pync.programs.shared import dtls_securing
from pync.transports import DEFAULT, dial, listen
from pync.transports.memory import pair
from pync.transports.tls.handshake import Security


def test_stream_is_rejected_and_closed() -> None:
    security = Security(verify=False)
    context = dtls_securing.client_context(security)
    one, other = pair()
    with other, pytest.raises(UsageError, match=r"^DTLS needs UDP"):
        dtls_securing.secure(one, context, security, "localhost", list[Event]().append)
    assert one.fileno() == -1
    streams = listen(Address("tcp", "127.0.0.1", "0"))
    with pytest.raises(UsageError, match=r"^DTLS needs UDP"):
        dtls_securing.listening(streams, security, DEFAULT)


def test_clients_share_one_context() -> None:
    security = Security()
    assert dtls_securing.listener_context(security) is dtls_securing.listener_context(security)
    assert dtls_securing.listener_context(Security(timeout=1)) is not None


def test_missing_verification_is_reported(tmp_path: Path) -> None:
    events: list[Event] = []
    security = Security(verify=False, timeout=0.01)
    with listen(Address("udp", "127.0.0.1", "0")) as silent:
        conn = dial(silent.address)
        context = dtls_securing.client_context(security)
        with pytest.raises(OSError, match="the handshake timed out"):
            dtls_securing.secure(conn, context, security, "localhost", events.append)
    assert events == [Unverified(silent.address)]
