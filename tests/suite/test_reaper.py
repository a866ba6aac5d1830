"""The reaper: it stops the servers if the suite itself is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.targets.helpers import reaper

from .. import forking
from ..programs import until
from .judging import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="only POSIX has process groups")

#: A suite that starts a server, tells the reaper about it or not, and is killed.
SUITE = """
import os, signal, subprocess, sys
from conformance.targets.reaper import dismiss_reaper, marking, watched

server = subprocess.Popen(
    ["sleep", "60"], env={**os.environ, **marking()}, stdout=subprocess.DEVNULL,
    start_new_session=True,
)
if "told" in sys.argv:
    watched("+", server.pid)
print(server.pid, flush=True)
if "dismissed" in sys.argv:
    watched("-", server.pid)
    dismiss_reaper()
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(*words: str) -> int:
    """Return the pid of a server whose suite was killed."""
    with forking.Popen(
        [sys.executable, "-c", SUITE, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as suite:
        assert suite.stdout is not None
        server = int(suite.stdout.read())
    assert suite.returncode == -signal.SIGKILL
    return server


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # It may be a zombie if no process has waited for it yet; a zombie does not run.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()


def test_registered_server_is_stopped_by_the_reaper() -> None:
    server = killed("told")
    until(lambda: not runs(server), "the end of the server")


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: /proc tells who is there"
)
def test_unregistered_server_is_stopped_by_the_reaper() -> None:
    server = killed()
    until(lambda: not runs(server), "the end of the server")


def test_dismissed_reaper_stops_no_process() -> None:
    server = killed("dismissed")
    try:
        assert runs(server)
    finally:
        os.kill(server, signal.SIGKILL)


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: /proc tells who is there"
)
def test_processes_of_another_suite_are_not_stopped() -> None:
    with forking.Popen(
        ["sleep", "60"], env={**os.environ, "CONFORMANCE_REAPED": ":1f5eed2b"}
    ) as server:
        until(lambda: server.pid in reaper.marked(b"1f5eed2b"), "the mark")
        assert server.pid not in reaper.marked(b"2b1f5eed")
        server.kill()
