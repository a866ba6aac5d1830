"""The notation of link faults."""

from __future__ import annotations

import math
import re

import pytest

from pync.core.errors import UsageError
from pync.core.fault import (
    BYTES,
    DATAGRAMS,
    DOWN,
    KINDS,
    RATE,
    SECONDS,
    SHARE,
    STREAMS,
    UP,
    WAYS,
    parse_fault,
)
from pync.dialects.pync.groups import groups


@pytest.mark.parametrize(
    ("text", "amount", "unit", "extra"),
    [
        ("delay=150ms", 0.15, SECONDS, 0.0),
        ("delay=150ms±50ms", 0.15, SECONDS, 0.05),
        ("delay=1s+-1s", 1.0, SECONDS, 1.0),
        ("rate=10K", 10240.0, RATE, 0.0),
        ("slice=1", 1.0, BYTES, 0.0),
        ("slice=1K/5ms", 1024.0, BYTES, 0.005),
        ("cut-after=64K", 65536.0, BYTES, 0.0),
        ("cut-after=0", 0.0, BYTES, 0.0),
        ("cut-after=10", 10.0, BYTES, 0.0),
        ("cut-after=1M", 1048576.0, BYTES, 0.0),
        ("cut-after=1m", 60.0, SECONDS, 0.0),
        ("reset-after=2.5s", 2.5, SECONDS, 0.0),
        ("corrupt=0.001", 0.001, SHARE, 0.0),
        ("corrupt=5%", 0.05, SHARE, 0.0),
        ("refuse", 1.0, SHARE, 0.0),
        ("refuse=20%", 0.2, SHARE, 0.0),
        ("loss=5%", 0.05, SHARE, 0.0),
        ("duplicate", 1.0, SHARE, 0.0),
        ("reorder=10%", 0.1, SHARE, 0.0),
        ("truncate=512", 512.0, BYTES, 0.0),
        ("truncate=0", 0.0, BYTES, 0.0),
    ],
)
def test_fault_value(text: str, amount: float, unit: str, extra: float) -> None:
    fault = parse_fault(text)
    assert (fault.amount, fault.unit) == (amount, unit)
    assert fault.extra == pytest.approx(extra)


def test_by_default_a_fault_applies_always_and_everywhere() -> None:
    fault = parse_fault("drop-fin")
    assert (fault.ways, fault.share, fault.since, fault.until) == (WAYS, 1.0, 0.0, math.inf)


def test_direction_share_and_time_window_in_any_order() -> None:
    fault = parse_fault("down, from=10s share=20%  blackhole to=1m")
    assert (fault.name, fault.ways, fault.share) == ("blackhole", (DOWN,), 0.2)
    assert (fault.since, fault.until) == (10.0, 60.0)
    assert str(fault) == "down from=10s share=20% blackhole to=1m"
    assert parse_fault("up drop-fin").ways == (UP,)
    assert parse_fault("both drop-fin").ways == WAYS


@pytest.mark.parametrize("name", KINDS)
def test_str_round_trip(name: str) -> None:
    kind = KINDS[name]
    value = {"bytes": "=64K", "bytes/s": "=1K", "seconds": "=1s", "share": "=5%", "eof": "=eof"}
    text = name + (value[kind.values[0]] if kind.values else "")
    assert parse_fault(str(parse_fault(text))) == parse_fault(text)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "'' names no fault; known: delay, rate,"),
        ("up", "'up' names no fault; known: delay,"),
        ("dely=1s", "unknown fault 'dely'; did you mean delay?"),
        ("xyzzy", "unknown fault 'xyzzy'; known: delay,"),
        ("delay", "delay: needs a value: delay=T[±T]"),
        ("delay=", "delay: '' is not a valid time"),
        ("delay=soon", "delay: 'soon' is not a valid time"),
        ("delay=1s±2s", "delay: '1s±2s' would be less than no delay"),
        ("rate=0", "rate: '0' is not a valid size"),
        ("slice=0", "slice: '0' is not a valid size"),
        ("slice=1/x", "slice: 'x' is not a valid time"),
        ("cut-after=-1", "cut-after: '-1' is not a valid size"),
        ("reset-at=end", "reset-at: 'end' is not valid; it is reset-at=eof"),
        ("drop-fin=1", "drop-fin: takes no value"),
        ("corrupt=2", "corrupt: '2' is not a share; use for example 5% or 0.05"),
        ("corrupt=101%", "corrupt: '101%' is not a share"),
        ("corrupt", "corrupt: needs a value: corrupt=SHARE"),
        ("delay=1s rate=2K", "holds two faults, delay and 'rate'; give each an option of its own"),
        ("refuse=1 from=3s to=2s", "ends before it begins"),
        ("refuse=1 from=x", "from: 'x' is not a valid time"),
        ("refuse=1 share=x", "share: 'x' is not a share"),
    ],
)
def test_invalid_fault_is_reported_in_one_line(text: str, cause: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_fault(text)
    assert str(raised.value).startswith("--fault")
    assert cause in str(raised.value)
    assert "\n" not in str(raised.value)


def test_fault_applies_to_streams_or_datagrams() -> None:
    for name, place in (("slice=1", STREAMS), ("refuse", STREAMS), ("loss=1", DATAGRAMS)):
        parse_fault(name).check(place)
        with pytest.raises(UsageError, match=r"cannot happen to .*; what can: delay, rate, "):
            parse_fault(name).check(DATAGRAMS if place == STREAMS else STREAMS)
    for place in (STREAMS, DATAGRAMS):
        parse_fault("corrupt=1%").check(place)


def test_help_lists_every_fault() -> None:
    group = " ".join(groups()["fault"].split())
    assert [name for name in KINDS if not re.search(rf"[ ,']{name}[ ,.=]", group)] == []
