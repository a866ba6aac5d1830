"""What lies between dial and talk, and between accept and talk."""

from __future__ import annotations

import socket

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.core.errors import DialError
from pync.core.events import silent
from pync.programs.shared.connect import connect, welcome
from pync.transports.memory import pair


def test_without_more_it_dials(server: socket.socket) -> None:
    port = str(server.getsockname()[1])
    with connect(Config(address=Address("tcp", "127.0.0.1", port)), silent) as conn:
        assert conn.peer == Address("tcp", "127.0.0.1", port)


def test_what_cannot_be_reached(closed_port: int) -> None:
    address = Address("tcp", "127.0.0.1", str(closed_port))
    with pytest.raises(DialError, match="connection refused"):
        connect(Config(address=address), silent)


def test_without_more_everyone_is_welcome() -> None:
    near, far = pair()
    with far, welcome(near, Config(), silent) as conn:
        assert conn is near
