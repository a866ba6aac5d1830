"""What programs read off a Config in the same way."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from ..core.address import DATAGRAMS
from ..core.config import Config
from ..core.errors import UsageError
from ..core.events import Report
from ..core.until import Condition, Count, Until, first_of
from ..engine.pace import Delay, LineByLine, Pace, Rate
from ..engine.tuning import Tuning
from ..layers.delimiter import Cutter
from ..layers.newline import CrlfEncoder
from ..transports import Options
from ..transports.datagram import LARGEST
from ..transports.sockopts import OPTIONS
from .gate import gate


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
        sockopts=_sockopts(config),
        md5_key=_md5_key() if config.md5sig else None,
        source_route=config.loose_route,
        route_pointer=config.route_pointer or 4,
        admits=gate(config, report),
        report=report,
    )


def _sockopts(config: Config) -> tuple[tuple[str, int], ...]:
    asked = ((name, getattr(config, name)) for name in OPTIONS)
    return tuple(
        (name, int(value)) for name, value in asked if value or (value == 0 and value is not False)
    )


@cache
def _md5_key() -> bytes:
    """The key for signed segments: from the environment, or typed, once. Raises UsageError."""
    import os

    from . import secret

    try:
        given = os.environb.get(b"PYNC_MD5SIG_KEY")
        return given if given is not None else secret.ask("TCP MD5SIG password: ")
    except OSError:
        raise UsageError("Unable to read TCP MD5SIG password") from None


def tuning_of(config: Config) -> Tuning:
    """What happens to the bytes on the way, as the user asked."""
    datagrams = config.address is not None and config.address.scheme in DATAGRAMS
    return Tuning(
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
