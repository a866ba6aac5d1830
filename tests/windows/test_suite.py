"""The suite on Windows: verdicts over TCP and named pipes, and messages."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from .programs import Program, node

HERE = Path(__file__).parent

#: Seconds that a run of the suite may take.
SUITE = 120.0


def judged(tmp_path: Path, *words: str, status: int) -> str:
    """Return the suite's output about a target."""
    report = tmp_path / "report"
    command = (sys.executable, "-m", "conformance", "run", *words)
    with Program(*command, "--jobs=1", f"--report={report}") as suite:
        suite.end_input()
        said = suite.rest(SUITE).decode()
        errors = suite.ends(None).decode()
        assert suite.process.returncode == status, said + errors
    return (said + errors).replace("\r\n", "\n")


@pytest.mark.parametrize("transport", ["tcp", "pipe"])
def test_reference_in_python(tmp_path: Path, transport: str) -> None:
    said = judged(tmp_path, "ref:python", f"--transport={transport}", "--profile=quit", status=0)
    assert "conformant (exit 0)" in said
    assert int(re.findall(r"(\d+) PASS", said)[0]) > 10
    assert "not judged: Windows has no SIGTERM" in said


def test_reference_in_node_over_a_pipe(tmp_path: Path) -> None:
    add_node_to_path()
    cases = ("--case=quit/upper", "--case=quit/token")
    said = judged(tmp_path, "ref:node", "--transport=pipe", *cases, status=0)
    assert "conformant (exit 0)" in said


def test_foreign_server_over_a_pipe(tmp_path: Path) -> None:
    add_node_to_path()
    script = str(HERE / "pipe-echo.js")
    said = judged(tmp_path, f'node "{script}" {{path}}', "--case=echo/*", status=0)
    assert "echo over pipe" in said
    assert "conformant (exit 0)" in said


def test_running_server(tmp_path: Path, name: str) -> None:
    with node("pipe-server.js", name, "echo") as server:
        server.hears(b"LISTENING")
        said = judged(tmp_path, rf"\\.\pipe\{name}", "--case=echo/simple", status=0)
        assert "needs a server that the suite itself starts" not in said


@pytest.mark.parametrize("transport", ["tcp", "pipe"])
def test_wrong_byte_is_shown(tmp_path: Path, transport: str) -> None:
    said = judged(
        tmp_path,
        "mutant:echo/stops-at-nul",
        f"--transport={transport}",
        "--case=echo/binary",
        "--deadline=2",
        status=1,
    )
    assert re.search(r"^FAIL echo/binary \(MUST, SPEC ", said, re.MULTILINE)
    assert "expected" in said
    assert "received" in said
    assert "^" in said


@pytest.mark.parametrize(
    ("mutant", "breaks"),
    [
        ("echo/answers-twice", "echo/simple"),
        ("echo/prompts", "echo/greeting"),
        ("quit/keeps-case", "quit/upper"),
    ],
)
def test_broken_servers_are_caught_over_a_pipe(tmp_path: Path, mutant: str, breaks: str) -> None:
    words = (f"mutant:{mutant}", "--transport=pipe", f"--case={breaks}", "--deadline=3")
    said = judged(tmp_path, *words, status=1)
    assert f"FAIL {breaks} (MUST" in said
    assert "not conformant (exit 1)" in said


@pytest.mark.parametrize(
    ("mutant", "breaks"),
    [("echo/holds-newline-back", "echo/terminal"), ("discard/prompts", "discard/terminal")],
)
def test_output_on_a_terminal(tmp_path: Path, mutant: str, breaks: str) -> None:
    """Through pipes: pexpect has no terminals there."""
    said = judged(tmp_path, "ref:python", "--transport=tcp,pipe", "--case=echo/terminal", status=0)
    assert "2 PASS" in said
    words = (f"mutant:{mutant}", "--transport=tcp", f"--case={breaks}", "--deadline=3")
    assert f"FAIL {breaks} (MUST" in judged(tmp_path, *words, status=1)


def test_server_that_never_starts(tmp_path: Path) -> None:
    said = judged(tmp_path, f'"{sys.executable}" -c "import sys; sys.exit(3)" {{path}}', status=6)
    assert "the target ended before it was ready (exit status 3)" in said


def test_child_processes_are_stopped_with_the_server(tmp_path: Path, name: str) -> None:
    """Its child listens on a pipe forever; the suite stops it with the server."""
    script = str(HERE / "pipe-server.js")
    parent = tmp_path / "parent.js"
    parent.write_text(
        "const { spawn } = require('child_process');\n"
        f"spawn(process.argv[0], [{script!r}, {name!r}, 'echo'], {{ stdio: 'ignore' }});\n"
        "require('net').createServer((c) => { c.on('error', () => {}); c.pipe(c); })\n"
        "  .listen(process.argv[2]);\n"
    )
    add_node_to_path()
    judged(tmp_path, f'node "{parent}" {{path}}', "--case=echo/simple", status=0)
    assert not any(name in pipe for pipe in pipes_that_answer(name))


def pipes_that_answer(name: str) -> list[str]:
    try:
        with open(rf"\\.\pipe\{name}", "r+b", buffering=0):
            return [name]
    except FileNotFoundError:
        return []


def add_node_to_path() -> None:
    """Put Node on PATH, because the suite starts it by its name."""
    command = os.environ.get("PYNC_NODE") or ""
    if not command:
        pytest.skip("node for Windows is missing (npm fetches it)")
    folder = str(Path(command).parent)
    if folder not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] += os.pathsep + folder
