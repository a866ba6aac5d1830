"""Measure pync beside the programs that it replaces, in turn, in one run.

Usage:
  bench [--case=NAME]... [--pairs=N] [--json=FILE] [--svg=FILE]
  bench --list
  bench -h | --help

Options:
  --case=NAME   Only cases whose name begins so.
  --pairs=N     Pairs of each comparison, A B A B ... [default: 5].
  --json=FILE   Where all figures go.
  --svg=FILE    Where the picture goes.
  --list        Name the cases.

BENCH_BYTES is the size of a transfer (default 1 GiB), BENCH_FOLDER where its files lie.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import crowds
import exchanges
import joined
import relays
import scans
import transfers
from docopt import docopt
from measure import Compared, Failed, Sample
from programs import (
    HAPROXY,
    MICROSOCKS,
    NC,
    NCAT,
    PYNC,
    PYTHON,
    SOCAT,
    SOCAT_1M,
    TINYPROXY,
    Peer,
)
from report import ITSELF, Row, as_json, as_svg, table
from transfers import Scratch


class Case(NamedTuple):
    """A measurement, the programs to compare with, and the goal."""

    unit: str
    goal: str
    against: tuple[Peer, ...]
    measure: Callable[[Peer, Scratch], Sample]
    alone: bool = False


ALL = (NC, NCAT, SOCAT, SOCAT_1M)
RELAYS = (SOCAT, HAPROXY, NCAT)
#: The programs with half-close: in ncat, the client's FIN ends the command, and its answer is lost.
FULL = (SOCAT, HAPROXY)

CASES = {
    "file-file": Case("GB/s", "2.0 times the fastest; half their CPU", ALL, transfers.file_to_file),
    "file-file-unix": Case("GB/s", "the same", ALL, transfers.file_to_file_unix),
    "pipe-pipe": Case("GB/s", "1.3 times the fastest", ALL, transfers.pipe_to_pipe),
    "file-pipe": Case("GB/s", "", ALL, transfers.file_to_pipe),
    "tls": Case("GB/s", "ncat's rate", (NCAT, SOCAT), transfers.file_to_file_tls),
    "relay-connect": Case("GB/s", "", (NCAT,), relays.through("http-proxy", relays.connect)),
    "relay-socks": Case("GB/s", "", (), relays.through("socks-proxy", relays.socks5), alone=True),
    "joined": Case("GB/s", "1.5 times socat; haproxy's, 0.8 times", RELAYS, joined.bulk("relay")),
    "joined-unix": Case("GB/s", "the same", RELAYS, joined.bulk("relay-unix")),
    "joined-tls": Case("GB/s", "", RELAYS, joined.bulk("relay-tls")),
    "joined-100": Case("GB/s", "the same", RELAYS, joined.many("relay")),
    "joined-100-unix": Case("GB/s", "the same", RELAYS, joined.many("relay-unix")),
    "joined-connections": Case("/s", "1.5 times socat", FULL, joined.connections("relay")),
    "joined-connections-unix": Case("/s", "", FULL, joined.connections("relay-unix")),
    "joined-connections-crowded": Case("/s", "", FULL, joined.crowded("relay")),
    "joined-connections-workers": Case(
        "/s", "haproxy's with two threads", (HAPROXY,), joined.crowded("relay-workers")
    ),
    "proxied-connections-socks": Case(
        "/s", "0.9 times microsocks", (MICROSOCKS,), joined.proxied("socks-proxy", relays.socks5)
    ),
    "proxied-connections-http": Case(
        "/s",
        "0.8 times tinyproxy",
        (TINYPROXY, NCAT),
        joined.proxied("http-proxy", relays.connect),
    ),
    "joined-round-trips": Case(
        "/s", "socat's time, 1.3 times (0.77)", RELAYS, joined.round_trips("relay")
    ),
    "joined-held-500": Case("B", "8 KB", FULL, joined.held(500)),
    "joined-held-8900": Case("B", "8 KB", (HAPROXY,), joined.held(8900)),
    "round-trips-1": Case(
        "/s", "nc's time, 1.1 times (0.91)", (NC, NCAT, SOCAT), exchanges.round_trips
    ),
    "round-trips-64K": Case("/s", "the same", (NC, NCAT, SOCAT), exchanges.large_round_trips),
    "udp-1K": Case("/s", "", (NC, NCAT, SOCAT), exchanges.datagrams),
    "connections": Case("/s", "", (NC, NCAT), exchanges.short_connections),
    "broker-100": Case("/s", "ncat's rate", (NCAT,), crowds.fan_out(100)),
    "broker-900": Case("/s", "ncat's rate", (NCAT,), crowds.fan_out(900)),
    "broker-10000": Case("/s", "held and served", (), crowds.fan_out(10000, 20), alone=True),
    "one-of-900": Case("/s", "", (NCAT,), crowds.one_of_many(900)),
    "one-of-10000": Case("/s", "as with few", (), crowds.one_of_many(10_000), alone=True),
    "idle-client": Case("B", "8 KB", (NCAT,), crowds.idle_clients),
    "scan": Case("/s", "nc's speed, 0.9 times", (NC,), exchanges.scan),
    "scan-20ms": Case("/s", "20 times", (NC,), scans.away(scans.DELAY, "5")),
    "scan-dropped": Case("/s", "", (NC,), scans.away("never", "1")),
    "start": Case(
        "ms",
        "1.15 times Python with re, signal, socket (0.87)",
        (PYTHON, NC, NCAT),
        exchanges.version,
    ),
    "start-scan": Case("ms", "the same", (PYTHON, NC, NCAT), exchanges.scan_one),
    "start-counted": Case("I", "the same", (PYTHON,), exchanges.counted("version")),
    "start-scan-counted": Case("I", "the same", (PYTHON,), exchanges.counted("scan")),
}


def main() -> int:
    """Measure the chosen cases; return 1 when a program failed."""
    assert __doc__ is not None
    given = docopt(__doc__)
    asked = given["--case"] or [""]
    chosen = {name: case for name, case in CASES.items() if name.startswith(tuple(asked))}
    if given["--list"] or not chosen:
        print("\n".join(CASES))
        return 0 if given["--list"] else 2
    if sys.dont_write_bytecode:
        print("PYTHONDONTWRITEBYTECODE is set: a start may have to compile everything", flush=True)
    rows, failed = [], False
    folder = os.environ.get("BENCH_FOLDER") or ("/dev/shm" if os.path.isdir("/dev/shm") else None)
    with tempfile.TemporaryDirectory(dir=folder, prefix="pync-bench-") as scratch_folder:
        scratch = transfers.prepare(Path(scratch_folder))
        for name, case in chosen.items():
            row = _compare(name, case, scratch, int(given["--pairs"]))
            failed = failed or any(reason.startswith("pync failed") for reason in row.skipped)
            rows.append(row)
            print(table([row]), flush=True)
    if len(rows) > 1:
        print(f"\n{table(rows)}")
    for option, text_of in (("--json", as_json), ("--svg", as_svg)):
        if given[option]:
            Path(given[option]).write_text(text_of(rows))
    return 1 if failed else 0


def _compare(name: str, case: Case, scratch: Scratch, pairs: int) -> Row:
    peers, skipped = [], []
    for peer in case.against:
        if peer.is_there:
            peers.append(peer)
        else:
            skipped.append(f"{peer.name} is missing (Debian: {peer.package})")
    reason = ""
    if name.startswith(("scan-20", "scan-dr")):
        reason = scans.why_not()
    elif name.endswith("-counted") and shutil.which(exchanges.COUNTER) is None:
        reason = f"{exchanges.COUNTER} is missing"
    if reason:
        return Row(name, _what(case), case.goal, case.unit, [], [reason])
    samples: dict[str, list[Sample]] = {peer.name: [] for peer in (PYNC, *peers)}
    running = [PYNC, *peers]
    for _ in range(pairs):
        for peer in list(running):
            try:
                samples[peer.name].append(case.measure(peer, scratch))
            except (Failed, OSError) as error:
                skipped.append(f"{peer.name} failed: {error}")
                running.remove(peer)
    ours = samples[PYNC.name]
    compared = [Compared(peer.name, ours, samples[peer.name]) for peer in running if peer != PYNC]
    if case.alone and ours:
        compared.append(Compared(ITSELF, ours, ours))
    return Row(name, _what(case), case.goal, case.unit, compared if ours else [], skipped)


def _what(case: Case) -> str:
    return (case.measure.__doc__ or "").strip()


if __name__ == "__main__":
    sys.exit(main())
