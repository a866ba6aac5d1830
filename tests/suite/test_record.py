"""record: sessions with correct servers become files, which judge correct and broken servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.core.verdict import Verdict
from conformance.language.document import read_profile
from conformance.plan import Options, Plan
from conformance.profiles import BUILT_IN
from conformance.runner.judge import run
from conformance.runner.needs import Outcome
from conformance.targets.ports import reserved_port
from conformance.targets.reaper import dismiss_reaper

from .. import forking
from ..programs import Program, is_bound, needs, until
from .judging import PYTHON, ROOT

needs_terminals = pytest.mark.skipif(os.name == "nt", reason="Windows has no terminals of Unix")

RIGHT = f"{PYTHON} -I -S {ROOT}/conformance/reference/python/server.py"
BROKEN = f"{PYTHON} -I -S {ROOT}/conformance/mutants/server.py"
ODD = f"{PYTHON} {Path(__file__).parent / 'odd_server.py'} {{port}}"
TCP = "tcp://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def no_reaper() -> Iterator[None]:
    yield
    dismiss_reaper()


def recording(target: str, path: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "conformance", "record", target, f"--output={path}", *options]


def record(target: str, path: Path, typed: bytes, *options: str) -> tuple[int, bytes, str]:
    """Record a session with input from a pipe; return the status, stdout and stderr."""
    done = forking.run(
        recording(target, path, *options),
        input=typed,
        capture_output=True,
        cwd=ROOT,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr.decode()


def steps(path: Path) -> list[str]:
    """Return the steps in a recorded file."""
    text = path.read_text(encoding="utf-8")
    return text.partition("serve = '''\n")[2].partition("\n'''")[0].split("\n")


def judged(path: Path, target: str, settings: str = "") -> Outcome:
    """Judge a server with a recorded file."""
    profile = read_profile(path)
    options = Options(target, profile.name, settings=settings, deadline=3.0)
    plan = Plan(options, catalogue=BUILT_IN.extended([profile]))
    (case,) = plan.cases
    return run(plan, case)


@pytest.mark.parametrize(
    ("service", "typed", "mutant"),
    [
        ("echo", b"hello\nworld\n", "adds-a-nul"),
        ("greet", b"", "cuts-farewell"),
        ("quit", b"hello\nquit\n", "keeps-case"),
        ("chat", b"LOGIN ann pw\nJOIN #tea\nQUIT\n", "says-welcome"),
        ("reset", b"hello\nRESET\n", "answers-before-reset"),
    ],
)
def test_recording_passes_with_its_server_and_fails_with_a_broken_one(
    service: str, typed: bytes, mutant: str, tmp_path: Path
) -> None:
    path = tmp_path / "s.toml"
    right = f"{RIGHT} {service} {TCP}"
    status, _, said = record(right, path, typed)
    assert status == 0, said
    assert judged(path, right).verdict == Verdict.PASS
    assert judged(path, f"{BROKEN} {service}/{mutant} {TCP}").verdict == Verdict.FAIL


def test_recording_of_input_output_and_end(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    status, shown, said = record("ref:python", path, b"hello\nworld\n")
    assert (status, shown) == (0, b"hello\nworld\n")
    assert steps(path) == [
        r'send "hello\n"',
        r'expect "hello\n"',
        r'send "world\n"',
        r'expect "world\n"',
        "eof",
        "end",
    ]
    assert said.splitlines()[0] == f"{path}: 6 steps"
    assert said.splitlines()[1].startswith("next: ")
    # The embedded servers know only the built-in services.
    assert f"run TARGET --profile {path}" in said


def test_suggested_command_judges_the_server(tmp_path: Path) -> None:
    target = f"{RIGHT} quit {TCP}"
    _, _, said = record(target, tmp_path / "s.toml", b"hello\n")
    line = said.splitlines()[1].removeprefix("next: ")
    done = subprocess.run(
        f"{line} --jobs=1 --report={tmp_path}", shell=True, cwd=ROOT, capture_output=True
    )
    assert done.returncode == 0, done.stdout


def test_odd_server(tmp_path: Path) -> None:
    # It has a long list, a secret, a token that the client sends back, a time, and RST at the end.
    path = tmp_path / "odd.toml"
    typed = b"list\nlogin\nopen sesame\nkey\ntime\nreset\n"
    status, shown, said = record(ODD, path, typed)
    assert status == 0, said
    assert shown.endswith(b"bye\n")
    assert b"open sesame" not in path.read_bytes()
    found = steps(path)
    assert r'skip-to "item 1998\n"' in found
    assert found[-1] == "expect-reset"
    assert r'send $secret "\n"' in found
    assert r'expect "welcome, " $secret "\n"' in found
    assert r'expect "key " /[0-9a-fA-F]+/ "\n"' in found
    assert "hidden: $secret" in said
    assert judged(path, ODD, "secret=another").verdict == Verdict.PASS


def test_masked_text_appears_in_no_file_or_message(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    _, _, said = record("ref:python", path, b"code 0451x\n", "--mask=0451x")
    assert "0451x" not in path.read_text() + said
    assert steps(path)[0] == r'send "code " $secret "\n"'


def test_binary_data_and_telnet(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    typed = b"\xff\xfb\x01hello there\n" + bytes(range(256)) * 8 + b"\0" * 100_000
    status, shown, _ = record("ref:python", path, typed)
    assert (status, shown) == (0, typed)
    assert judged(path, f"{RIGHT} echo {TCP}").verdict == Verdict.PASS
    assert judged(path, f"{BROKEN} echo/stops-at-nul {TCP}").verdict == Verdict.FAIL


@pytest.mark.skipif(os.name == "nt", reason="a Unix socket")
def test_over_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    target = f"{RIGHT} quit unix:{{path}}"
    assert record(target, path, b"hello\n")[0] == 0
    assert 'transports = ["unix"]' in path.read_text()
    assert judged(path, target).verdict == Verdict.PASS


@pytest.mark.parametrize(("service", "end"), [("quit", "end"), ("reset", "expect-reset")])
def test_over_tls(service: str, end: str, tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    target = f"env A={{cert}} B={{key}} {RIGHT} {service} tls://127.0.0.1:{{port}}"
    assert record(target, path, b"hello\nRESET\n")[0] == 0
    assert steps(path)[-1] == end
    assert judged(path, target).verdict == Verdict.PASS


def test_datagrams(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    target = f"{RIGHT} udp-echo udp://127.0.0.1:{{port}}"
    assert record(target, path, b"hello\n")[:2] == (0, b"hello\n")
    assert steps(path) == [r'send "hello\n"', r'expect "hello\n"']
    assert judged(path, target).verdict == Verdict.PASS


def test_running_server(tmp_path: Path) -> None:
    redis = needs("redis")
    path = tmp_path / "redis.toml"
    with reserved_port() as port:
        with Program(redis, "--port", str(port), "--save", "", "--dir", str(tmp_path)) as server:
            until(lambda: is_bound(port), "redis", server)
            address = f"tcp://127.0.0.1:{port}"
            typed = b'PING\nSET greeting "hello world"\nGET greeting\nLASTSAVE\nNOSUCH\nQUIT\n'
            assert record(address, path, typed)[0] == 0
            assert judged(path, address).verdict == Verdict.PASS
            assert judged(path, f"{RIGHT} echo {TCP}").verdict == Verdict.FAIL
    assert r'send "LASTSAVE\n"' in steps(path)


def test_another_client_program(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    assert record("ref:python", path, b"hello\n", "--client=pync --crlf")[0] == 0
    assert steps(path)[0] == r'send "hello\r\n"'
    ncat = needs("ncat")
    path = tmp_path / "t.toml"
    assert record("ref:python", path, b"hello\n", f"--client={ncat} {{host}} {{port}}")[0] == 0
    assert steps(path) == [r'send "hello\n"', r'expect "hello\n"', "eof", "end"]


# At a terminal.


@needs_terminals
@pytest.mark.parametrize(
    ("how", "status"), [("^D", 0), ("^C", 2), ("SIGTERM", 2), ("the terminal is lost", 2)]
)
def test_input_from_a_terminal(how: str, status: int, tmp_path: Path) -> None:
    from ..e2e.terminal import Terminal

    path = tmp_path / "s.toml"
    with Terminal(recording("ref:python", path)) as person:
        person.types(b"hello\r")
        person.sees(b"hello\r\nhello\r\n")
        if how == "^D":
            person.presses_control("d")
        elif how == "^C":
            person.presses_control("c")
        elif how == "SIGTERM":
            person.signals(signal.SIGTERM)
        else:
            person.hangs_up()
        if how != "the terminal is lost":
            shown = person.sees_to_the_end()
            assert b"s.toml: 4 steps" in shown
            assert b"Traceback" not in shown
        assert person.ends() == status
    assert steps(path) == [r'send "hello\n"', r'expect "hello\n"', "eof", "end"]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux: /proc")
def test_interrupt_before_any_data_writes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    with Program(*recording(ODD, path, "--client=sleep 60 {port}")) as program:
        until(lambda: b"sleep" in children_of(program.process.pid), "the client program")
        program.process.send_signal(signal.SIGINT)
        said = program.ends(2)
    assert said == b""
    assert list(tmp_path.iterdir()) == []


def children_of(pid: int) -> bytes:
    """The command lines of the children of a process (Linux)."""
    found = b""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += Path(f"/proc/{child}/cmdline").read_bytes()
    return found


# Sessions that cannot be recorded.


@pytest.mark.parametrize(
    ("target", "options", "status", "told"),
    [
        ("ref:python", ["--output={folder}/taken.toml"], 4, "exists already"),
        ("ref:python", ["--output={folder}"], 4, "is a folder"),
        ("ref:python", ["--output={folder}/no/s.toml"], 4, "no such file or directory"),
        ("ref:python", ["--client=nosuchprogram"], 4, "this command is not installed"),
        ("ref:python", ["--client='"], 4, "no closing quotation"),
        ("ref:python", ["--client=true"], 4, "ended without connecting"),
        ("nosuchserver {port}", [], 6, "cannot start 'nosuchserver'"),
        ("tcp://127.0.0.1:1", [], 6, "cannot be reached"),
        ("localhost:9", [], 4, "write tcp://localhost:9"),
    ],
)
def test_error_is_reported_in_one_line(
    target: str,
    options: list[str],
    status: int,
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.toml").write_text("mine")
    words = [option.format(folder=tmp_path) for option in options]
    assert main(["record", target, *words]) == status
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert [one.name for one in tmp_path.iterdir()] == ["taken.toml"]
    assert (tmp_path / "taken.toml").read_text() == "mine"
