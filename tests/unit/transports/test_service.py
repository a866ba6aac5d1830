"""serve: a thread for each client, the limit of clients, and the end."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import pync

from ...systems import UNDER_WINE
from .test_listener import PATIENCE, in_thread


def dial(listener: Any) -> pync.StreamConn:
    conn = pync.dial(str(listener.address), pync.StreamConn, timeout=PATIENCE)
    conn.settimeout(PATIENCE)
    return conn


def echo(conn: pync.StreamConn) -> None:
    for line in conn:
        conn.send_all(line)


def test_clients_are_served_concurrently() -> None:
    with pync.listen("127.0.0.1:0") as listener:
        served = in_thread(lambda: listener.serve(echo))
        with dial(listener) as one, dial(listener) as two:
            for conn in (one, two, one):
                conn.send_line(b"hello")
                assert conn.recv_line() == b"hello\n"
            listener.close()
            # Connected clients are served until they end.
            two.send_line(b"still here")
            assert two.recv_line() == b"still here\n"
        assert served() is None


def test_max_clients() -> None:
    with pync.listen("127.0.0.1:0") as listener:
        served = in_thread(lambda: listener.serve(echo, max_clients=1))
        with dial(listener) as one:
            one.send_line(b"1")
            assert one.recv_line() == b"1\n"
            with dial(listener) as two:
                two.send_line(b"2")
                with pytest.raises(TimeoutError):
                    two.recv_line(timeout=0.1)
                one.send_eof()
                assert one.recv_line() == b""
                assert two.recv_line() == b"2\n"
        listener.close()
        served()


def test_close_while_full() -> None:
    with pync.listen("127.0.0.1:0") as listener:
        served = in_thread(lambda: listener.serve(echo, max_clients=1))
        with dial(listener) as one:
            one.send_line(b"1")
            assert one.recv_line() == b"1\n"
            listener.close()
        assert served() is None


def test_exception_in_handler_goes_to_the_excepthook(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(str(args.exc_value)))

    def handler(conn: pync.StreamConn) -> None:
        raise RuntimeError(conn.recv_line().decode().strip())

    with pync.listen("127.0.0.1:0") as listener:
        served = in_thread(lambda: listener.serve(handler))
        for word in (b"one", b"two"):
            with dial(listener) as conn:
                conn.send_line(word)
                assert conn.recv() == b""
        listener.close()
        served()
    assert sorted(raised) == ["one", "two"]


@pytest.mark.skipif(UNDER_WINE, reason="Wine ends no recv() whose socket is shut")
def test_grace_closes_remaining_clients() -> None:
    with pync.listen("127.0.0.1:0") as listener:
        served = in_thread(lambda: listener.serve(echo, grace=0.05))
        with dial(listener) as conn:
            conn.send_line(b"here")
            assert conn.recv_line() == b"here\n"
            listener.close()
            assert conn.recv() == b""
            assert served() is None


def test_serve_continues_when_accept_runs_out_of_descriptors() -> None:
    with pync.listen("127.0.0.1:0") as listener:
        accept, failures = listener.accept, [1, 1]

        def sometimes(timeout: float | None = None) -> Any:
            conn = accept(timeout)
            if failures.pop() if failures and conn.peer.port in late else 0:
                conn.drop()
                raise pync.ListenError("accept", listener.address, "too many open files")
            return conn

        late: set[int] = set()
        listener.accept = sometimes  # type: ignore[method-assign]
        served = in_thread(lambda: listener.serve(echo))
        with dial(listener) as one:
            one.send_line(b"1")
            assert one.recv_line() == b"1\n"
            with dial(listener) as two:
                late.add(two.local.port)
                del two
            with dial(listener) as three:
                three.send_line(b"3")
                assert three.recv_line() == b"3\n"
        listener.close()
        assert served() is None


def test_invalid_max_clients() -> None:
    with pync.listen("127.0.0.1:0") as listener, pytest.raises(ValueError, match="not 0"):
        listener.serve(echo, max_clients=0)
