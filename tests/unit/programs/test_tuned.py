"""What happens to the bytes on the way."""

from __future__ import annotations

import pytest

from pync.core.config import Config
from pync.engine.tuning import PLAIN
from pync.programs.tuned import tuning_of


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
    assert tuning_of(config) == PLAIN._replace(sends=sends, receives=receives)


def test_each_connection_has_a_converter_of_its_own() -> None:
    one, two = (tuning_of(Config(crlf=True)).convert for _ in range(2))
    assert one is not None
    assert two is not None
    assert (one(b"a\r"), two(b"\n")) == (b"a\r", b"\r\n")
