"""Adopting orphans: two adoptions one after the other, each with its own child."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .judging import ROOT

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: a process adopts orphans"
)

#: In a separate process, because a process adopts orphans until it ends. The first adoption does
#: not see the end of its child: the pid is passed on only after the child was waited for.
ADOPTIONS = """
import subprocess, threading
from conformance.targets.orphans import adopting

pids = []
with adopting(lambda: pids[0] if pids else None):
    second = subprocess.Popen(["sh", "-c", "read line; exit 7"], stdin=subprocess.PIPE)
    subprocess.run(["true"])
    pids.append(0)
threads = threading.enumerate()
with adopting(lambda: second.pid):
    second.stdin.close()
    for thread in threads:
        if thread is not threading.main_thread():
            thread.join()
    print(second.wait())
"""


def test_ended_adoption_does_not_take_the_status_of_the_next() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ADOPTIONS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "7\n"
