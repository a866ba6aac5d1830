"""Deriving the steps that the bytes pass through from the Config.

It is separate from network.py, because a scan moves no bytes and need not load these modules.
"""

from __future__ import annotations

from ...core.address import DATAGRAMS, WEBSOCKETS, Address
from ...core.config import Config
from ...core.typed import TYPE_CHECKING, Callable
from ...engine.pipeline import PLAIN, Pipeline
from ..shared.talk import TalkSetup

if TYPE_CHECKING:
    from ...core.until import Condition
    from ...engine.pace import Pace
    from ...engine.protocols import Convert
    from ...engine.record import Recorder
    from ...layers.delimiter import Cutter


def talk_setup(config: Config) -> TalkSetup:
    """Return how client and server use a connection."""
    return TalkSetup(
        endings=config.endings,
        on_peer_end=config.on_peer_end,
        pipeline=each_pipeline(pipeline_of, config),
        recorder=recorder_of(config),
        script=config.expect,
        progress=config.progress,
    )


def recorder_of(config: Config) -> Callable[[], Recorder] | None:
    """Return the function that opens the files to record bytes; None without files."""
    if config.output is None and config.hex_dump is None:
        return None
    from ...engine.record import Recorder

    return lambda: Recorder(
        config.output,
        config.hex_dump,
        append=config.append_output,
        timestamps=config.timestamps,
        form=config.dump_form,
    )


def recorders_of(config: Config) -> Callable[[int, Address], Recorder] | None:
    """Return the function that opens the files to record one connection of many.

    It is called with the connection's number and peer, for ``{n}`` and ``{peer}`` in the file
    names; without these, all connections share the files.
    """
    if config.output is None and config.hex_dump is None:
        return None
    from ...engine.record import Recorders

    return Recorders(
        config.output,
        config.hex_dump,
        append=config.append_output,
        timestamps=config.timestamps,
    )


def each_pipeline(of: Callable[[Config], Pipeline], config: Config) -> Callable[[], Pipeline]:
    """Return the function that makes the pipeline of each connection."""
    of(config)  # Import its modules now: later there may be no free descriptor.
    return lambda: of(config)


def pipeline_of(config: Config) -> Pipeline:
    """Return the pipeline of one connection."""
    address = config.address
    # Each read and each write is one message, also for a pipe of messages.
    datagrams = address is not None and (
        address.scheme in DATAGRAMS or (address.scheme == "pipe" and config.pipe_mode == "message")
    )
    cuts = config.delimiter if datagrams else None
    return Pipeline(
        convert=_crlf() if config.crlf else None,
        received=_ending_in(cuts) if cuts else None,
        cutter=_cutter(cuts) if cuts else _last_ends(config),
        pace=_pace(config, datagrams),
        received_pace=_rate(config.rate, datagrams),
        until=_until(config, datagrams),
        sends=not (config.no_stdin or config.recv_only),
        receives=not config.send_only,
    )


def tunnel_pipeline_of(config: Config) -> Pipeline:
    """Return the pipeline between a proxy server's client and its target."""
    if config.rate is None:
        return PLAIN
    return Pipeline(pace=_rate(config.rate), received_pace=_rate(config.rate))


def _crlf() -> Convert:
    from ...layers.newline import CrlfEncoder

    return CrlfEncoder().encode


def _pace(config: Config, datagrams: bool) -> Pace | None:
    if config.interval is None and config.delay is None:
        return _rate(config.rate, datagrams)
    from ...engine.pace import Delay, LineByLine

    if config.interval is not None:
        return LineByLine(config.interval, config.delimiter or b"\n")
    assert config.delay is not None
    return Delay(config.delay)


def _rate(rate: float | None, datagrams: bool = False) -> Pace | None:
    if rate is None:
        return None
    from ...engine.pace import Rate

    return Rate(rate, whole=datagrams)


def _until(config: Config, datagrams: bool) -> Condition | None:
    if config.recv_limit is None and config.until is None and config.count is None:
        return None
    from ...core.until import Count, Until, first_of

    conditions: list[Condition] = []
    if config.recv_limit is not None:
        conditions.append(Count(config.recv_limit, None))
    if config.until is not None:
        conditions.append(Until(config.until))
    if config.count is not None:
        conditions.append(Count(config.count, None if datagrams else config.delimiter or b"\n"))
    return first_of(conditions)


def _last_ends(config: Config) -> Cutter | None:
    if config.address is None or config.address.scheme not in WEBSOCKETS:
        return None
    from ...layers.delimiter import LastEnds
    from .websockets import delimiter_of

    delimiter = delimiter_of(config)
    return None if delimiter is None else LastEnds(delimiter)


def _cutter(delimiter: bytes) -> Cutter:
    from ...layers.delimiter import Cutter
    from ...transports.datagram import LARGEST

    return Cutter(delimiter, LARGEST)


def _ending_in(delimiter: bytes) -> Callable[[bytes], bytes]:
    return lambda datagram: datagram + delimiter
