"""The processing steps between input and output, derived from the command line."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.config import Config
from pync.engine.pipeline import PLAIN
from pync.programs.setup.pipeline import pipeline_of


@pytest.mark.parametrize(
    ("config", "sends", "receives"),
    [
        (Config(), True, True),
        (Config(no_stdin=True), False, True),
        (Config(recv_only=True), False, True),
        (Config(send_only=True), True, False),
    ],
)
def test_directions(config: Config, sends: bool, receives: bool) -> None:
    assert pipeline_of(config) == PLAIN._replace(sends=sends, receives=receives)


def test_each_connection_has_its_own_converter() -> None:
    one, two = (pipeline_of(Config(crlf=True)).convert for _ in range(2))
    assert one is not None
    assert two is not None
    assert (one(b"a\r"), two(b"\n")) == (b"a\r", b"\r\n")


@pytest.mark.parametrize(
    ("address", "mode", "cuts"),
    [
        (Address("udp", "host", "1"), None, True),
        (Address("pipe", path="log"), "message", True),
        (Address("pipe", path="log"), None, False),
        (Address("tcp", "host", "1"), "message", False),
    ],
)
def test_delimiter_for_messages(address: Address, mode: str | None, cuts: bool) -> None:
    pipeline = pipeline_of(Config(address=address, pipe_mode=mode, delimiter=b"!"))
    assert (pipeline.cutter is not None, pipeline.received is not None) == (cuts, cuts)
