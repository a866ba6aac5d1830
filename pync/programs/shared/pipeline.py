"""What happens to the bytes on the way, read off a Config.

Apart from options.py, because a scan moves none and need not load what moves them.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.address import DATAGRAMS
from ...core.config import Config
from ...core.until import Condition, Count, Until, first_of
from ...engine.pace import Delay, LineByLine, Pace, Rate
from ...engine.pipeline import Pipeline
from ...layers.delimiter import Cutter
from ...layers.newline import CrlfEncoder
from ...transports.datagram import LARGEST


def pipeline_of(config: Config) -> Pipeline:
    """What happens to the bytes on the way, as the user asked."""
    address = config.address
    # Each read and each write is one message: of a pipe of messages too.
    datagrams = address is not None and (
        address.scheme in DATAGRAMS or (address.scheme == "pipe" and config.pipe_mode == "message")
    )
    return Pipeline(
        convert=CrlfEncoder().encode if config.crlf else None,
        received=_ending_in(config.delimiter) if config.delimiter and datagrams else None,
        cutter=Cutter(config.delimiter, LARGEST) if config.delimiter and datagrams else None,
        pace=_pace(config, datagrams),
        received_pace=Rate(config.rate, whole=datagrams) if config.rate else None,
        until=_until(config, datagrams),
        sends=not (config.no_stdin or config.recv_only),
        receives=not config.send_only,
    )


def _pace(config: Config, datagrams: bool) -> Pace | None:
    if config.interval is not None:
        return LineByLine(config.interval, config.delimiter or b"\n")
    if config.delay is not None:
        return Delay(config.delay)
    return Rate(config.rate, whole=datagrams) if config.rate else None


def _until(config: Config, datagrams: bool) -> Condition | None:
    conditions: list[Condition] = []
    if config.recv_limit is not None:
        conditions.append(Count(config.recv_limit, None))
    if config.until is not None:
        conditions.append(Until(config.until))
    if config.count is not None:
        conditions.append(Count(config.count, None if datagrams else config.delimiter or b"\n"))
    return first_of(conditions)


def _ending_in(delimiter: bytes) -> Callable[[bytes], bytes]:
    return lambda datagram: datagram + delimiter
