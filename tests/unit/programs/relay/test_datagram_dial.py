"""Dialling onward for a datagram peer, with DTLS and without; the relay is in tests/e2e."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

import pync
from pync.core.address import Address
from pync.core.errors import DialError, TlsError, cause_of
from pync.core.events import Event
from pync.core.server_events import Secured
from pync.engine.loop import Loop
from pync.engine.resolver import Resolver
from pync.programs.relay.datagram_dial import DatagramDial
from pync.programs.relay.onward import Onward, OnwardSetup

from ....peer import mailbox

CLIENT = Address("udp", "192.0.2.1", "9")


def dialled(where: Address, setup: OnwardSetup) -> tuple[DatagramDial, list[Event]]:
    over: list[DatagramDial] = []
    events: list[Event] = []
    with Loop() as loop, Resolver(loop) as resolver:
        onward = Onward(setup, events.append)
        dialling = DatagramDial(onward, loop, resolver, where, CLIENT, over.append)
        dialling.start()
        loop.run_while(lambda: not over)
        dialling.stop()
    return dialling, events


def test_without_dtls() -> None:
    with mailbox() as box:
        where = Address("udp", "127.0.0.1", box.port)
        dialling, _ = dialled(where, OnwardSetup((where,)))
        assert dialling.conn is not None
        with dialling.conn as conn:
            conn.send_all(b"x")
            box.hears(b"x")
        assert dialling.milliseconds()[2] is None
        assert not dialling.is_exhausted


@pytest.mark.parametrize("verify", [False, True])
def test_with_dtls(tmp_path: Path, verify: bool) -> None:
    pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")
    from pync.transports.tls.certificate import self_made
    from pync.transports.tls.handshake import Security

    own = tmp_path / "own.pem"
    own.write_bytes(self_made())
    with pync.listen("dtls://127.0.0.1:0", certificate=str(own)) as listener:

        def accept() -> None:
            try:
                with listener.accept(10) as conn:
                    conn.send(b"hello")
            except pync.TlsError:
                pass  # the client did not like the certificate

        accepting = threading.Thread(target=accept)
        accepting.start()
        where = Address("dtls", "localhost", str(listener.address.port))
        security = Security(verify=verify)
        dialling, events = dialled(where, OnwardSetup((where,), tls=security, details=True))
        accepting.join()
        if verify:
            assert isinstance(dialling.failure, TlsError)
            return
        assert dialling.conn is not None
        with dialling.conn as conn:
            assert conn.recv(10, 10) == b"hello"
        assert dialling.milliseconds()[2] is not None
        assert [event for event in events if isinstance(event, Secured)]


def test_dial_runs_out_of_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    where = Address("udp", "127.0.0.1", "9")

    def exhausted(*_: object) -> None:
        raise DialError("dial", where, cause_of(OSError(errno.EMFILE, os.strerror(errno.EMFILE))))

    monkeypatch.setattr("pync.engine.datagram_connector.dial", exhausted)
    dialling, _ = dialled(where, OnwardSetup((where,)))
    assert dialling.failure is not None
    assert dialling.is_exhausted
