"""The DTLS peers of a relay; tests/e2e/test_dtls_relay.py tests the whole relay."""

from __future__ import annotations

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

import sys

from pync.core.address import Address
from pync.core.events import Event
from pync.engine.loop import Loop
from pync.programs.relay.dtls_peers import DtlsPeers
from pync.programs.shared.entry import Entry
from pync.programs.shared.listening import ListenSetup
from pync.transports import Options, listen
from pync.transports.dtls.listener import DtlsListener
from pync.transports.tls.handshake import Security

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="-k with DTLS is not for Windows")

PLACE = Address("udp", "127.0.0.1", "0")


def test_listener_is_replaced() -> None:
    options = Options(many=True)
    setup = ListenSetup(PLACE, options, Entry(tls=Security()), keep_open=True)
    events: list[Event] = []
    with Loop() as loop:
        peers = DtlsPeers(
            loop,
            setup,
            listen(PLACE, options),
            events.append,
            lambda *_: pytest.fail("nobody comes"),
            tells=True,
        )
        peers.open()
        address = peers.listener.address
        peers.refuse()
        # The same context is used again.
        plain = listen(address, options)
        peers.come_by(plain)
        assert isinstance(peers.listener, DtlsListener)
        assert peers.listener.admits == plain.admits
        peers.break_off()
        peers.listener.close()
    assert events == []
