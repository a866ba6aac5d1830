"""What programs read off a Config in the same way."""

from __future__ import annotations

from ..core.config import Config
from ..core.events import Report
from ..engine.pace import LineByLine
from ..engine.tuning import Tuning
from ..layers.newline import CrlfEncoder
from ..transports import Options


def options_of(config: Config, report: Report) -> Options:
    """How to dial or listen, as the user asked."""
    timeout = config.connect_timeout if config.connect_timeout is not None else config.wait
    return Options(
        timeout=None if config.listen else timeout,
        source=config.source,
        source_port=None if config.listen else config.source_port,
        numeric=config.nodns,
        family=4 if config.ipv4 else 6 if config.ipv6 else 0,
        many=config.keep_open,
        report=report,
    )


def tuning_of(config: Config) -> Tuning:
    """What happens to the bytes on the way, as the user asked."""
    return Tuning(
        convert=CrlfEncoder().encode if config.crlf else None,
        pace=LineByLine(config.interval) if config.interval is not None else None,
        sends=not (config.no_stdin or config.recv_only),
        receives=not config.send_only,
    )
