"""Dialling, and the steps between dialling and the data exchange."""

from __future__ import annotations

import socket

import pytest

from pync.core.address import Address
from pync.core.errors import DialError
from pync.core.events import AttemptFailed, Event, silent
from pync.programs.shared.connect import DialSetup, connect


def test_dial(server: socket.socket) -> None:
    port = str(server.getsockname()[1])
    with connect(DialSetup(Address("tcp", "127.0.0.1", port)), silent) as conn:
        assert conn.peer == Address("tcp", "127.0.0.1", port)


def test_connection_refused(closed_port: int) -> None:
    address = Address("tcp", "127.0.0.1", str(closed_port))
    with pytest.raises(DialError, match="connection refused"):
        connect(DialSetup(address), silent)


def test_retry(closed_port: int) -> None:
    address = Address("tcp", "127.0.0.1", str(closed_port))
    told: list[Event] = []
    with pytest.raises(DialError, match="connection refused"):
        connect(DialSetup(address, retry=(2, 0.0)), told.append)
    assert sum(isinstance(event, AttemptFailed) for event in told) == 2
