"""What programs read off a Config."""

from __future__ import annotations

import pytest

from pync.core.config import Config
from pync.core.events import silent
from pync.programs.shared.options import options_of
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
