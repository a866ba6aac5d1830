"""The client: dial, then relay between the user and the peer."""

from __future__ import annotations

from ..core import exits
from ..core.config import Config
from ..core.events import Connected, Report
from ..transports.stdio import Stdio
from .reach import connect
from .talk import talking


def run(config: Config, stdio: Stdio, report: Report) -> int:
    """Connect and talk. Raises PyncError, OutputGone."""
    assert config.address is not None
    with talking(config, stdio, report) as talk, connect(config, report) as conn:
        report(Connected(conn.peer, config.address.host))
        talk(conn)
    return exits.OK
