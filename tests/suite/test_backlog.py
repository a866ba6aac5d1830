"""Waiting until a server has accepted all clients in its backlog, and no longer."""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import ExitStack

import pytest

from conformance.targets.address import Address
from conformance.targets.backlog import let_accept

from ..clock import Stopwatch

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: sock_diag(7)"
)


@pytest.mark.parametrize(("host", "transport"), [("127.0.0.1", "tcp"), ("::1", "tcp6")])
def test_wait_until_the_backlog_is_accepted(host: str, transport: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((host, 0), family=family))
        port = listener.getsockname()[1]
        address = Address(transport, host, port)
        stopwatch = Stopwatch()
        let_accept(address, 30.0)
        for _ in range(3):
            stack.enter_context(socket.create_connection((host, port)))
        let_accept(address, 0.2)
        assert stopwatch.reached(0.2)
        assert stopwatch.elapsed < 10

        accepted: list[socket.socket] = []

        def serve() -> None:
            accepted.extend(stack.enter_context(listener.accept()[0]) for _ in range(3))

        server = threading.Thread(target=serve)
        server.start()
        let_accept(address, 30.0)
        assert stopwatch.elapsed < 25
        server.join()
        assert len(accepted) == 3


def test_clients_of_other_listeners_are_not_waited_for() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as busy,
        socket.create_connection(busy.getsockname()),
        socket.create_server(("127.0.0.1", 0)) as idle,
    ):
        began = time.monotonic()
        let_accept(Address("tcp", "127.0.0.1", idle.getsockname()[1]), 30.0)
        assert time.monotonic() - began < 25
