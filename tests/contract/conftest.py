"""Connections over every transport: a listener, and both ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pync.transports import dial, listen
from pync.transports.conn import Conn
from pync.transports.listener import Listener
from pync.transports.memory import pair

from .table import PATIENCE, Connect, Ends, Listen, Transport, address_of, shaken_pair


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s")  # a Unix path holds 107 bytes


@pytest.fixture
def listening(folder: Path) -> Iterator[Listen]:
    opened: list[Listener] = []

    def begin(transport: Transport) -> Listener:
        opened.append(listen(address_of(transport, folder), transport.options))
        return opened[-1]

    yield begin
    for listener in opened:
        listener.close()


@pytest.fixture
def connect(listening: Listen, folder: Path) -> Iterator[Connect]:
    opened: list[Conn] = []

    def begin(transport: Transport) -> Ends:
        if not transport.address:
            ends = Ends(
                *(pair() if transport.name == "memory" else shaken_pair(transport.name, folder))
            )
            opened.extend(ends)
            for conn in ends:
                conn.settimeout(PATIENCE)
            return ends
        listener = listening(transport)
        client = dial(listener.address, transport.options)
        opened.append(client)
        if transport.datagram:
            client.send_all(b"first")
        server = listener.accept(PATIENCE)
        opened.append(server)
        if transport.datagram:
            server.settimeout(PATIENCE)
            assert server.recv(100) == b"first"
        for conn in (client, server):
            conn.settimeout(PATIENCE)
        return Ends(client, server)

    yield begin
    for conn in opened:
        conn.close()
