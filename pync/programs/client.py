"""The client: dial, then relay between the user and the peer."""

from __future__ import annotations

from ..core import exits
from ..core.config import Config
from ..core.events import Connected, Report
from ..engine.relay import relay
from ..transports.stdio import Stdio
from .common import tuning_of
from .reach import connect


def run(config: Config, stdio: Stdio, report: Report) -> int:
    """Connect and talk. Raises PyncError, OutputGone."""
    assert config.address is not None
    with connect(config, report) as conn:
        report(Connected(conn.peer, config.address.host))
        relay(stdio, conn, config.endings, tuning_of(config), report)
    return exits.OK
