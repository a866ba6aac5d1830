"""A TLS handshake in a loop: completed, refused, ended by the server, and timed out."""

from __future__ import annotations

import threading

import pytest

import pync
from pync.core.errors import TlsError
from pync.engine.loop import Loop
from pync.programs.shared.tls_dial import TlsDial
from pync.transports import dial
from pync.transports.conn import StreamConn
from pync.transports.listener import Accepting
from pync.transports.tls.handshake import Securing, Security, client_context

from ....peer import listening

pytest.importorskip("cryptography", reason="cryptography is not installed")


def run_handshake(conn: StreamConn, security: Security, seconds: float = 10) -> TlsDial:
    over: list[TlsDial] = []
    with Loop() as loop:
        securing = Securing(
            conn, client_context(security), server_side=False, server_name="localhost"
        )
        shaking = TlsDial(loop, conn, securing, seconds, over.append)
        shaking.start()
        loop.run_while(lambda: not over)
        shaking.stop()
    return shaking


@pytest.mark.parametrize(("verify", "said"), [(False, ""), (True, "certificate verify failed")])
def test_handshake_with_a_server(verify: bool, said: str) -> None:
    with pync.listen("tls://127.0.0.1:0") as listener:
        accepting = threading.Thread(target=lambda: _accept(listener))
        accepting.start()
        address = pync.core.address.parse(f"tcp://127.0.0.1:{listener.address.port}")
        conn = dial(address)
        assert isinstance(conn, StreamConn)
        shaking = run_handshake(conn, Security(verify=verify))
        if shaking.conn is not None:
            assert shaking.conn.recv(10, 10) == b"hello"
            shaking.conn.close()
        accepting.join()
    assert (said in str(shaking.failure)) if said else shaking.failure is None


def _accept(listener: Accepting) -> None:
    try:
        with listener.accept(10) as conn:
            conn.send_all(b"hello")
    except pync.TlsError:
        pass  # the client rejected the certificate


@pytest.mark.parametrize("seconds", [0.02, 10])
def test_silent_or_closed_server(seconds: float) -> None:
    with listening() as target:
        conn = dial(pync.core.address.parse(f"tcp://127.0.0.1:{target.port}"))
        assert isinstance(conn, StreamConn)
        peer = target.accepts()
        if seconds > 1:
            peer.half_closes()
        shaking = run_handshake(conn, Security(verify=False), seconds)
    assert isinstance(shaking.failure, TlsError)
    assert conn.fileno() == -1
