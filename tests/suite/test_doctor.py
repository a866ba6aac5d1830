"""doctor: what it finds, and the line that it says to run next is one that can be run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from conformance.doctor import describe
from conformance.targets.grammar import parse_target

from .judging import IMPLEMENTATIONS, conformance, needs_node


def findings(shown: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S+) +(.*)$", shown, re.MULTILINE))


def test_a_service_is_recognised_and_the_next_line_can_be_run(tmp_path: Path) -> None:
    done = conformance("doctor", "inetd:cat")
    assert done.returncode == 0, done.stderr
    found = findings(done.stdout)
    assert found["greeting"] == "none: it waits for input"
    assert found["echo"] == "seems to give it"
    assert found["greet"].startswith("no: only 0 of 23 bytes of the greeting came")
    assert found["next"] == "python -m conformance run inetd:cat --profile=echo"
    assert found["reset"].startswith("no: ")
    words = shlex.split(found["next"])[3:]
    assert conformance(*words, "--case=echo/*", f"--report={tmp_path}").returncode == 0


@needs_node
def test_the_greeting_that_was_heard_becomes_a_set() -> None:
    server = f"node {IMPLEMENTATIONS / 'simple-echo-server.js'} {{port}}"
    done = conformance("doctor", server)
    assert done.returncode == 0, done.stdout + done.stderr
    found = findings(done.stdout)
    assert found["target"].endswith("; it is told {port}")
    said = re.fullmatch(r'it sends "(.*)"', found["greeting"])
    assert said is not None
    assert found["echo"] == f"seems to give it with greeting={said.group(1)}"
    assert "--profile=echo" in found["next"]


def test_a_target_that_does_not_start() -> None:
    done = conformance("doctor", "sh -c 'echo no port given; exit 3'")
    assert done.returncode == 6
    assert findings(done.stdout)["target"].startswith("a command: sh -c")
    assert "ended before it was ready (exit status 3)" in done.stderr
    assert "  | no port given\n" in done.stderr
    assert "write {port} there" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tcp://127.0.0.1:7", "a server that already runs, at tcp://127.0.0.1:7"),
        ("ref:node", "the embedded reference server in node"),
        ("mutant:echo/prompts", "an embedded server of echo with the fault prompts"),
        ("./s {port}", "a command: ./s '{port}'; it is told {port}"),
        ("./s", "a command: ./s; it reads PORT, or says LISTENING itself"),
        ("fd:./s", "a command that inherits the listening socket: ./s"),
    ],
)
def test_each_form_has_its_words(text: str, said: str) -> None:
    assert describe(parse_target(text)) == said
