"""The suite's output: text from a server is never a command to the CI system."""

from __future__ import annotations

import io
import re
import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.core.output import command, harmless, quoted, say

from .judging import conformance
from .test_plugin import pytest_run

COMMANDS = [
    "##[add-mask]x",
    "a ##[error]b",
    "::error::x",
    "  \t::set-output name=a::b",
    "one\n::add-mask::x",
    "one\r::add-mask::x",
    "\u00a0::error::x",
    ":::",
    "###[[x",
]


def is_obeyed(text: str) -> bool:
    """Whether GitHub's runner finds a command in the text (actions/runner, ActionCommand)."""
    return any(
        line.lstrip().startswith("::") or "##[" in line for line in re.split(r"[\r\n]", text)
    )


@pytest.mark.parametrize("text", COMMANDS)
def test_ci_command_in_output_is_not_executed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_obeyed(text)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert not is_obeyed(harmless(text))
    assert harmless(text).replace(" ", "") == text.replace(" ", "")
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert harmless(text) == text


@given(st.text(st.sampled_from(":#[]x \t\r\n\u2003")))
def test_no_text_is_a_ci_command(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_ACTIONS", "true")
        assert not is_obeyed(harmless(text))


def test_characters_that_a_stream_cannot_encode() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    say("a\u00e9", stream)
    stream.seek(0)
    assert stream.read() == "a\\xe9\n"


#: A server that writes a command to its standard error and to its client.
SERVER = """
import socket, sys
print("##[add-mask]a\\n  ::add-mask::b", file=sys.stderr, flush=True)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        client = server.accept()[0]
        client.recv(1000)
        client.sendall(b"##[error]c::error::d\\n::error::e\\n")
        client.close()
"""


@pytest.mark.parametrize("source", [SERVER, SERVER.partition("with ")[0]], ids=["wrong", "ended"])
def test_server_output_cannot_control_the_ci_runner(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    script = tmp_path / "server.py"
    script.write_text(source)
    target = shlex.join([sys.executable, str(script), "{port}"])
    words = ("run", target, "--case=echo/binary", f"--report={tmp_path / 'report'}")
    done = conformance(*words)
    said = (done.stdout + done.stderr).splitlines()
    assert any("# [" in line for line in said), said
    ours = re.compile(r"::error title=echo/|::stop-commands::[0-9a-f]{32}$|::[0-9a-f]{32}::$")
    assert [line for line in said if is_obeyed(line) and not ours.match(line)] == []
    # While the server is judged, the runner ignores all commands in the output.
    assert obeyed(done.stdout.splitlines()) == [line for line in said if line.startswith("::error")]


def obeyed(lines: list[str]) -> list[str]:
    """Return the commands that GitHub's runner obeys, without ::stop-commands:: itself."""
    found, stopped_by = [], None
    for line in lines:
        if stopped_by is not None:
            stopped_by = None if line == f"::{stopped_by}::" else stopped_by
        elif line.startswith("::stop-commands::"):
            stopped_by = line.removeprefix("::stop-commands::")
        elif is_obeyed(line):
            found.append(line)
    assert stopped_by is None
    return found


def test_output_during_a_run_is_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with quoted():
        print("##[error]x")
        command("::error::ours")
        print("::error::y")
    print("::error::z")
    assert obeyed(capsys.readouterr().out.splitlines()) == ["::error::ours", "::error::z"]
    monkeypatch.delenv("GITHUB_ACTIONS")
    with quoted():
        print("as it is")
    assert capsys.readouterr().out == "as it is\n"


def test_server_output_cannot_control_the_ci_runner_in_pytest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    target = shlex.join([sys.executable, str(script), "{port}"])
    words = (f"--conformance-target={target}", "--conformance-profile=echo")
    status, shown = pytest_run(tmp_path, *words, "--conformance-case=echo/binary")
    assert status == 1
    assert "# [error]" in shown
    assert [line for line in shown.splitlines() if is_obeyed(line)] == []
