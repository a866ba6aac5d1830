"""Each program gets its settings from the command line; other tests run the programs."""

from __future__ import annotations

import os

import pytest

from pync.core import exits
from pync.core.address import Address
from pync.core.config import Config
from pync.core.errors import DialError
from pync.core.events import Event, Scanned, silent
from pync.programs.setup import run
from pync.transports.stdio import Stdio


def test_selected_program_is_run(closed_port: int) -> None:
    address = Address("tcp", "127.0.0.1", str(closed_port))
    told: list[Event] = []
    config = Config(program="scan", address=address, ports=(str(closed_port),))
    with open(os.devnull, "rb") as nothing, Stdio(nothing.fileno(), 1) as stdio:
        assert run(config, stdio, told.append) == exits.NETWORK
        assert [event.state for event in told if isinstance(event, Scanned)] == ["closed"]
        with pytest.raises(DialError, match="refused"):
            run(Config(program="client", address=address), stdio, silent)
