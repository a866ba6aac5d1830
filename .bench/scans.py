"""Scans of a host that is far away, or silent: in a network namespace (see far.py)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from far import HOST
from measure import Failed, Sample, running
from programs import Peer
from transfers import Scratch

#: Ports of each scan; fewer for a program that waits for each in turn: the time of one port is
#: compared, and twenty minutes of waiting would show nothing more.
PORTS = 1000
IN_TURN = {"nc": {"0.02": 250, "never": 4}}

#: Seconds until the far host answers.
DELAY = "0.02"


def why_not() -> str:
    """Return why this machine cannot run the case; empty if it can."""
    for command in ("unshare", "ip"):
        if shutil.which(command) is None:
            return f"{command} is missing"
    tried = subprocess.run(_towards("never", ["true"]), capture_output=True)
    return (
        "this kernel lets nobody make a link (unshare -rn, /dev/net/tun)"
        if tried.returncode
        else ""
    )


def away(delay: str, seconds: str) -> Callable[[Peer, Scratch], Sample]:
    """Return the measurement of a host that refuses after a delay, or is silent (``never``)."""

    def measure(peer: Peer, _scratch: Scratch) -> Sample:
        ports = IN_TURN.get(peer.name, {}).get(delay, PORTS)
        words = peer.words("scan-away", seconds=seconds, host=HOST, ports=f"1-{ports}")
        began = time.perf_counter()
        with running(
            _towards(delay, words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        ) as program:
            status = program.wait()
        if status != 1:
            raise Failed(f"status {status}: no port is open there")
        return Sample(time.perf_counter() - began, program.cpu, program.memory, ports)

    when = f"answers after {delay} s" if delay != "never" else f"never answers, -w {seconds}"
    measure.__doc__ = f"-z of {PORTS:,} ports of a host that {when}."
    return measure


def _towards(delay: str, words: list[str]) -> list[str]:
    far = Path(__file__).with_name("far.py")
    return ["unshare", "-rn", sys.executable, str(far), delay, *words]
