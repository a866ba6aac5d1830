"""Wrong usage: one clear line, the documented exit status, no traceback, nothing left behind."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

import pytest

from .judging import conformance

PYTHON = sys.executable


def refused(status: int, *arguments: str) -> str:
    """Run the suite, and return the one line that says what is wrong."""
    done = conformance(*arguments)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    first, *more = done.stderr.splitlines()
    assert all(line.startswith("  | ") for line in more), done.stderr
    assert first.startswith("conformance: ")
    return first.removeprefix("conformance: ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["run", "--profile=nonsense"], "unknown profile 'nonsense' (known: echo, "),
        (["run", "--profile="], "--profile is empty"),
        (["run", ""], "TARGET is empty"),
        (["run", "tcp://localhost"], "'tcp://localhost': the port is missing"),
        (["run", "--jobs=0"], "--jobs: '0' is not a number between 1 and 256"),
        (["run", "--jobs=\u00b2"], "--jobs: '\u00b2' is not a number between 1 and 256"),
        (["run", f"--jobs={'9' * 5000}"], "--jobs: '9999"),
        (["run", f"--max-failures={'9' * 5000}"], "--max-failures: '9999"),
        (["run", f"tcp://localhost:{'9' * 5000}"], "'tcp://localhost:9999"),
        (["run", "tcp://localhost:99999"], "'tcp://localhost:99999': '99999' is not a valid port"),
        (["run", "tcp://::1:80"], "'tcp://::1:80': '::1' is not a valid host (IPv6 needs brackets"),
        (["run", "gopher://localhost:1"], "TARGET 'gopher://localhost:1': unknown scheme"),
        (["run", "127.0.0.1:9"], "TARGET '127.0.0.1:9': write tcp://127.0.0.1:9"),
        (["run", "localhost 9"], "TARGET 'localhost 9': write tcp://localhost:9"),
        (["run", "[::1]:9"], "TARGET '[::1]:9': write tcp://[::1]:9"),
        (["run", ":9000"], "TARGET ':9000': write tcp://localhost:9000"),
        (
            ["run", "./x -p {prot}"],
            "TARGET './x -p {prot}': unknown placeholder {prot}: is it {port}?",
        ),
        (["run", "./x {PORT}"], "TARGET './x {PORT}': unknown placeholder {PORT}: is it {port}?"),
        (["run", "ref:cobol"], "TARGET 'ref:cobol': no such reference server"),
        (["run", "mutant:echo/none"], "TARGET 'mutant:echo/none': no such mutant"),
        (["run", "echo 'unbalanced"], 'TARGET "echo \'unbalanced": no closing quotation'),
        (["run", "--set=greeting"], "--set 'greeting': write key=value"),
        (["run", "--set=colour=red"], "--set: no chosen profile has a parameter 'colour'"),
        (["run", r"--set=greeting=\q"], r"--set: unknown escape \q"),
        (["run", "--case=echo/none"], "--case echo/none matches no requirement"),
        (
            ["run", "--case=echo/binry"],
            "--case echo/binry matches no requirement (did you mean echo/binary?)",
        ),
        (["run", "--profile=ecoh"], "unknown profile 'ecoh' (did you mean echo?)"),
        (["explain", "echo/binry"], "no requirement 'echo/binry' (did you mean echo/binary?)"),
        (
            ["run", "--set=greting=x"],
            "--set: no chosen profile has a parameter 'greting' (did you mean greeting?)",
        ),
        (["run", "--transport=tpc"], "--transport: unknown transport 'tpc' (did you mean tcp?)"),
        (
            ["run", "mutant:echo/stops-at-null"],
            "TARGET 'mutant:echo/stops-at-null': no such mutant (did you mean echo/stops-at-nul?)",
        ),
        (["seltest"], "unknown command 'seltest' (did you mean selftest?)"),
        (["run", "--prfile=echo"], "unknown option --prfile (did you mean --profile?)"),
        (["doctor", "x", "--deadline", "1"], "doctor takes no option --deadline (see --help)"),
        (["run", "--case=echo/zz*"], "--case echo/zz* matches no requirement"),
        (["run", "--case=echo/simple", "--case=echo/x"], "--case echo/x matches no requirement"),
        (["run", "--case=none/*"], "unknown profile 'none'"),
        (["run", "--level=perhaps"], "--level: 'perhaps' is neither must nor should"),
        (["run", "--deadline=soon"], "--deadline: 'soon' is not a number of seconds"),
        (["run", "--jobs=0"], "--jobs: '0' is not a number"),
        (["run", "--transport=pigeon"], "--transport: unknown transport 'pigeon'"),
        (["run", "--expect=no-such-file"], "--expect no-such-file: no such file"),
        (["run", "--at=tcp://localhost:1"], "--at works only with a command"),
        (["run", "--frobnicate"], "unknown option --frobnicate"),
        (["run", "--proflie=echo"], "unknown option --proflie (did you mean --profile?)"),
        (["runn"], "unknown command 'runn' (did you mean run?)"),
        (["run", "--seed", "--jobs=1"], "--seed needs a value, and is followed by --jobs=1"),
        (
            ["run", "--client=no-such", "--case=echo/terminal"],
            "--client 'no-such': this command is not",
        ),
        (["run", "--all"], "--all judges every target of a file: write @FILE.toml"),
        (["run", "--tx=x"], "--tx is for --all"),
        (["explain"], "explain takes the ID of a requirement"),
        (["diff", "one"], "diff takes the reports of two runs"),
        (["baseline"], "baseline takes the file to write"),
        (["run", "tpc://x:9"], "TARGET 'tpc://x:9': unknown scheme tpc:// (known: tcp://"),
        (["run", "--profile"], "--profile needs a value"),
        (["run", "one", "two"], "run takes one TARGET: quote a command with arguments"),
        (
            ["run", "localhost", "9"],
            "run takes one TARGET; for a running server write tcp://localhost:9",
        ),
        (["explain", "echo/none"], "no requirement 'echo/none'"),
        (["dance"], "unknown command 'dance'"),
        ([], "a command is missing"),
    ],
)
def test_wrong_usage_is_status_4(arguments: list[str], line: str) -> None:
    assert refused(4, *arguments).startswith(line)


def test_refused_connection_is_status_6(free_port: int) -> None:
    line = refused(6, "run", f"tcp://127.0.0.1:{free_port}", "--deadline=0.5")
    assert line == (
        f"the target did not get ready at tcp://127.0.0.1:{free_port} within 0.5 s: "
        "nothing listens there"
    )


def test_unknown_host_name_is_status_6() -> None:
    line = refused(6, "run", "tcp://no-such-host.invalid:9000", "--deadline=0.5")
    assert "no-such-host.invalid" in line


def test_missing_command_is_status_6() -> None:
    line = refused(6, "run", "./no-such-server {port}")
    assert line == "cannot start './no-such-server': no such command"


def test_command_that_ends_at_once_is_status_6_and_its_output_is_shown() -> None:
    script = "import sys; print('no configuration'); sys.exit(3)"
    done = conformance("run", f'{PYTHON} -c "{script}" {{port}}')
    assert done.returncode == 6
    assert done.stderr.splitlines() == [
        "conformance: the target ended before it was ready (exit status 3)",
        "  | no configuration",
    ]


def test_server_that_never_listens_is_status_6_and_is_stopped() -> None:
    script = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
    done = conformance("run", f'{PYTHON} -c "{script}" {{port}}', "--deadline=1")
    assert done.returncode == 6
    first, last_words = done.stderr.splitlines()
    assert "did not get ready" in first
    pid = int(last_words.removeprefix("  | "))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_server_that_never_answers_is_status_6() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        line = refused(6, "run", f"tcp://127.0.0.1:{port}", "--deadline=1")
    assert line.endswith("it takes connections but never answers")


#: A server that chooses its port and does not print it.
ELSEWHERE = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    while True:
        server.accept()[0].close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows whose ports are open")
@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("", r"it listens on port (\d+); write {port} in the command, or --at tcp://127.0.0.1:\1$"),
        ("{port}", r"it listens on port (\d+) instead \(--at tcp://127.0.0.1:\1\)$"),
    ],
)
def test_server_that_listens_at_another_address_is_reported(
    words: str, line: str, tmp_path: Path
) -> None:
    script = tmp_path / "server.py"
    script.write_text(ELSEWHERE)
    # Without {port} the suite does not wait for the deadline.
    deadline = "2" if words else "200"
    said = refused(6, "run", f"{PYTHON} {script} {words}", f"--deadline={deadline}")
    assert re.search(line, said), said


def test_command_without_address(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text("import signal; signal.pause()")
    said = refused(6, "run", f"{PYTHON} {script}", "--deadline=1")
    assert said.endswith("the command has no {port}, and printed no line LISTENING tcp://HOST:PORT")


@pytest.mark.parametrize("words", [("run", "--help"), ("doctor", "-h"), ("help",), ("-h",)])
def test_help_option_in_any_position(words: tuple[str, ...]) -> None:
    done = conformance(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage:" in done.stdout


def test_address_in_use_is_status_6() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        line = refused(6, "run", f"{PYTHON} -c 'import time' ", f"--at={address}")
    assert line == f"{address} is already in use: another program answers there"


def test_report_folder_that_cannot_be_created_is_status_4(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refused(4, "run", "--case=echo/simple", f"--report={tmp_path}/file/x").startswith(
        "report "
    )


def test_run_without_judged_cases_is_status_5(tmp_path: Path) -> None:
    done = conformance(
        "run", "--case=reset/reset", "--transport=unix", f"--report={tmp_path}", "--jobs=1"
    )
    assert done.returncode == 5, done.stdout
    assert "a Unix socket cannot express it" in done.stdout


def test_seed_that_is_not_utf8(tmp_path: Path) -> None:
    words = ("--case=echo/binary", "--transport=tcp", f"--report={tmp_path / 'report'}")
    done = conformance("run", "ref:python", "--seed=\udcff", *words)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("9" * 5000, "a number has too many digits"),
        ("[" * 20_000 + "]" * 20_000, "it is nested too deeply"),
    ],
    ids=["a long number", "a deep array"],
)
@pytest.mark.parametrize("use", ["@{path}", "--expect={path}", "--profile={path}"])
def test_toml_that_no_parser_accepts(use: str, value: str, cause: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(f"a = {value}\n")
    words = [] if use.startswith("@") else ["ref:python"]
    line = refused(4, "run", *words, use.format(path=path))
    assert line.endswith(f"x.toml: {cause}")
