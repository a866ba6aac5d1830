"""Servers that do not start or barely work: the message, the exit status and what is left.

These messages are what a user reads first. They are compared word for word, except for times,
ports and paths.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from conformance.targets.ports import reserved_port

from ..programs import Program, is_bound, until
from .judging import IMPLEMENTATIONS, ROOT, conformance

SCRIPT = IMPLEMENTATIONS / "troubled_echo.py"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="only on POSIX: fork and SIGTERM")


class Troubled(NamedTuple):
    """A faulty server: its fault, what is judged, the exit status, and the message."""

    trouble: str
    status: int
    said: str
    case: str = "echo/simple"


NOT_STARTED = [
    Troubled(
        "exits",
        6,
        """\
conformance: the target ended before it was ready (exit status 1)
  | no configuration found
""",
    ),
    Troubled(
        "sleeps",
        6,
        """\
conformance: the target did not get ready at ADDRESS or ADDRESS within 2 s: nothing listens there
""",
    ),
]

JUDGED = [
    Troubled(
        "floods",
        0,
        """\
conformance: echo over tcp against TARGET (1 case)
1 PASS in TIME
report: REPORT/matrix.html (from results.jsonl beside it)
conformant (exit 0)
""",
    ),
    Troubled(
        "closes",
        1,
        """\
conformance: echo over tcp against TARGET (1 case)

FAIL echo/simple (MUST, SPEC 2.2, tcp): the server ended the connection ENDING
  requires  What is received is sent back.
""",
    ),
    Troubled(
        "dies",
        1,
        """\
conformance: echo over tcp against TARGET (1 case)

FAIL echo/idle-64 (MUST, SPEC 7.2, tcp): the server died (exit status 7): the server does not \
accept a connection at ADDRESS: connection refused (after TIME)
  requires  While 64 idle clients are connected, a new client is still served.
""",
        "echo/idle-64",
    ),
    Troubled(
        "deaf",
        1,
        """\
conformance: echo over tcp against TARGET (1 case)

FAIL echo/sigterm-idle (MUST, SPEC 7.10, tcp): the server still runs 5 s after SIGTERM
  requires  SIGTERM ends the server within 5 s, with status 0 or 143 or by the signal.
  hint      close the listener and the connections on SIGTERM, then exit
""",
        "echo/sigterm-idle",
    ),
]


def plain(text: str, target: str, report: Path) -> str:
    """Return the text without the parts that differ from run to run."""
    text = text.replace(target, "TARGET").replace(str(report), "REPORT")
    text = re.sub(r"tcp://(127\.0\.0\.1|\[::1\]):\d+", "ADDRESS", text)
    # A server that closes at once: the client sees FIN, or RST because of unread input.
    text = re.sub(
        r"(ended|reset) the connection \((FIN|RST)\).*", r"ended the connection ENDING", text
    )
    # The server has ended before the client connects, or while the client is in its backlog.
    text = re.sub(r"connection reset by peer (?=\(after)", "connection refused ", text)
    return re.sub(r"\b(in|after) \d+\.\d s\b", r"\1 TIME", text)


def left_over(trouble: str) -> list[str]:
    """Return processes of such a server that still run; they may be about to end."""
    end = time.monotonic() + 10
    while True:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if os.fsencode(SCRIPT) in words and trouble.encode() in words:
                found.append(folder.name)
        if not found or time.monotonic() > end:
            return found


@pytest.mark.parametrize("one", NOT_STARTED, ids=lambda one: one.trouble)
def test_server_does_not_start(one: Troubled, tmp_path: Path) -> None:
    target = f"{sys.executable} {SCRIPT} {one.trouble} {{port}}"
    done = conformance("run", target, f"--case={one.case}", f"--report={tmp_path}", "--deadline=2")
    assert plain(done.stderr, target, tmp_path) == one.said
    assert (done.returncode, done.stdout) == (one.status, "")
    assert left_over(one.trouble) == []


@pytest.mark.parametrize("one", JUDGED, ids=lambda one: one.trouble)
def test_troubled_server_is_judged(one: Troubled, tmp_path: Path) -> None:
    target = f"{sys.executable} {SCRIPT} {one.trouble} {{port}}"
    done = conformance("run", target, f"--case={one.case}", f"--report={tmp_path}", "--deadline=2")
    said = plain(done.stdout, target, tmp_path)
    assert said[: len(one.said)] == one.said
    assert (done.returncode, done.stderr) == (one.status, "")
    assert left_over(one.trouble) == []
    # In every case the reports are complete.
    rows = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert [row["type"] for row in rows] == ["header", "result", "footer"]
    assert rows[-1]["exit"] == one.status
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert len(suite.findall(".//failure")) == (1 if one.status else 0)
    assert one.case in (tmp_path / "matrix.html").read_text()


def test_server_that_becomes_a_daemon(tmp_path: Path) -> None:
    """Whether it answers before its end is seen is a race; the message is the same."""
    target = f"{sys.executable} {SCRIPT} daemonises {{port}}"
    done = conformance("run", target, "--case=echo/simple", f"--report={tmp_path}")
    assert done.returncode in (1, 6)
    assert "(exit status 0)" in done.stdout + done.stderr
    assert "in the foreground" in done.stdout + done.stderr
    assert left_over("daemonises") == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")
def test_server_that_announces_the_address_of_another_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reserved_port() as port:
        somebody = [sys.executable, str(ROOT / SCRIPT), "right", str(port)]
        with Program(*somebody):
            until(lambda: is_bound(port), "somebody else's server")
            monkeypatch.setenv("SOMEBODY", str(port))
            target = f"{sys.executable} {SCRIPT} announces 0"
            done = conformance("run", target, "--case=echo/simple", "--deadline=5")
    assert done.returncode == 6
    said = f"the target announces tcp://127.0.0.1:{port}, where another program listened"
    assert said in done.stderr
    assert left_over("announces") == []


def test_server_that_announces_an_invalid_address() -> None:
    target = f"{sys.executable} {SCRIPT} mumbles 0"
    done = conformance("run", target, "--case=echo/simple", "--deadline=2")
    assert done.returncode == 6
    assert len(done.stderr.splitlines()) <= 3
    assert left_over("mumbles") == []
