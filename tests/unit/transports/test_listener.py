"""Listeners in the library: iteration, serve, and close() from another thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

import pync
from pync.core.errors import ListenError
from pync.transports.listener import Accepting

PATIENCE = 10.0

ADDRESSES = ["127.0.0.1:0", "tls://127.0.0.1:0", "udp://127.0.0.1:0"]


def in_thread(call: Callable[[], object]) -> Callable[[], object]:
    """Run a call in a thread; return a function that waits for its result or exception."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(call())
        except Exception as error:  # noqa: BLE001 - it is looked at
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def result() -> object:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "it did not end"
        return outcome[0]

    return result


def is_waiting(listener: Any) -> bool:
    """Return whether accept() is waiting in another thread."""
    interrupt = listener._interrupt
    deadline = threading.Event()
    for _ in range(1000):
        if interrupt._waiting:
            return True
        deadline.wait(0.01)
    return False


@pytest.mark.parametrize("address", ADDRESSES)
def test_close_interrupts_accept_in_another_thread(address: str) -> None:
    listener = pync.listen(address)
    accepted = in_thread(listener.accept)
    assert is_waiting(listener)
    listener.close()
    error = accepted()
    assert isinstance(error, ListenError)
    assert error.cause == "the listener was closed"
    listener.close()
    with pytest.raises(ListenError, match="closed"):
        listener.accept()


@pytest.mark.parametrize("address", ADDRESSES)
def test_close_ends_iteration(address: str) -> None:
    listener = pync.listen(address)
    iterated = in_thread(lambda: list(listener))
    assert is_waiting(listener)
    listener.close()
    assert iterated() == []


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_iteration_yields_clients(scheme: str) -> None:
    with pync.listen(f"{scheme}://127.0.0.1:0") as listener:
        at = f"{scheme}://127.0.0.1:{listener.address.port}"

        def talk() -> bytes:
            answers = b""
            for word in (b"one", b"two"):
                with pync.dial(at, verify=False, timeout=PATIENCE) as conn:
                    conn.send_line(word)
                    answers += conn.recv_line()
            return answers

        talked = in_thread(talk)
        for number, conn in enumerate(listener):
            with conn:
                conn.send_line(conn.recv_line().rstrip() + b" too")
            if number == 1:
                break
        assert talked() == b"one too\ntwo too\n"


def test_serve_skips_a_client_without_tls() -> None:
    with pync.listen("tls://127.0.0.1:0") as listener:
        address = ("127.0.0.1", listener.address.port)
        served = in_thread(lambda: listener.serve(lambda conn: conn.send_line(b"hello")))
        with socket.create_connection(address, PATIENCE) as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            plain.recv(100)  # it is rejected
        at = f"tls://127.0.0.1:{address[1]}"
        with pync.dial(at, verify=False, timeout=PATIENCE) as conn:
            assert conn.recv_line() == b"hello\n"
        listener.close()
        assert served() is None


def test_datagram_listener_serves_one_client() -> None:
    with pync.listen("udp://127.0.0.1:0") as listener, pync.dial(str(listener.address)) as conn:
        conn.settimeout(PATIENCE)
        served = in_thread(lambda: listener.serve(lambda client: client.send_all(client.recv())))
        conn.send_all(b"datagram")
        assert conn.recv() == b"datagram"
        assert served() is None


def test_accept_error_ends_iteration() -> None:
    class Broken(Accepting):
        def accept(self, timeout: float | None = None) -> Any:
            raise ListenError("accept", "tcp://h:1", "too many open files")

    with pytest.raises(ListenError, match="too many"):
        next(iter(Broken()))
    with pytest.raises(ListenError, match="too many"):
        Broken().serve(print)
    with pytest.raises(NotImplementedError):
        Accepting().accept()
