"""What programs read off a Config."""

from __future__ import annotations

import pytest

from pync.core.config import Config
from pync.core.events import silent
from pync.engine.tuning import PLAIN
from pync.programs.common import options_of, tuning_of
from pync.transports import Options


@pytest.mark.parametrize(
    ("config", "options"),
    [
        (Config(), Options()),
        (Config(wait=2), Options(timeout=2)),
        (Config(wait=2, connect_timeout=1), Options(timeout=1)),
        (Config(wait=2, listen=True), Options()),
        (Config(source="a", source_port="1"), Options(source="a", source_port="1")),
        (Config(ipv4=True, nodns=True), Options(family=4, numeric=True)),
        (Config(ipv6=True), Options(family=6)),
        (Config(listen=True, keep_open=True), Options(many=True)),
    ],
)
def test_options(config: Config, options: Options) -> None:
    assert options_of(config, silent) == options


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
