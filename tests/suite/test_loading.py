"""Your own profiles: every way to load them, in every process that needs them, and bad input."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.loading import load
from conformance.plan import Options, Plan
from conformance.profiles import BUILT_IN

from .. import forking
from .judging import PYTHON, ROOT

PROFILE = """
from pync_conformance.api import Session, StreamProfile
{more}

def serve(session, peer):
    peer.send(QUESTION)
    peer.expect(ANSWER, "the answer")
    peer.send_eof()
    peer.expect_eof()

QUESTION, ANSWER = b"hello\\n", b"HELLO\\n"
shout = StreamProfile({name!r}, title="answers in upper case", spec="PROTOCOL.md",
                      first_input=b"hello\\n", half_input=b"hel", serve=serve)

@shout.must("upper", "2.1", "Each line is answered in upper case.", needs=())
def upper(session: Session) -> None:
    session.serve(session.join())

@shout.should("again", "2.2", "One connection has many answers.", needs=("upper",))
def again(session: Session) -> None:
    peer = session.join()
    for _ in range(3):
        peer.send(QUESTION)
        peer.expect(ANSWER, "the answer")
"""

SERVER = """
import socketserver, sys

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line if "wrong" in sys.argv else line.upper())

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

TARGET = f"{PYTHON} server.py {{port}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project that contains only a profile and a server."""
    (tmp_path / "shout.py").write_text(PROFILE.format(name="shout", more=""))
    (tmp_path / "server.py").write_text(SERVER)
    return tmp_path


def suite(folder: Path, *arguments: str, module: str = "conformance") -> tuple[int, str]:
    done = forking.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def test_profile_from_a_file(folder: Path) -> None:
    status, said = suite(folder, "run", TARGET, "--profile=./shout.py", "--jobs=2")
    assert status == 0, said
    assert "2 PASS" in said


@pytest.mark.parametrize("case", ["upper", "up*", "upper@tcp"])
def test_case_without_profile_name_belongs_to_the_loaded_profile(folder: Path, case: str) -> None:
    (folder / "target.toml").write_text(f"command = {TARGET!r}\nload = ['shout.py']\n")
    for where in (["@target.toml"], [TARGET, "--load=shout.py"]):
        status, said = suite(folder, "run", *where, f"--case={case}", "--jobs=1")
        assert status == 0, said
        assert "shout over tcp" in said
        assert "1 PASS" in said


def test_messages_cite_the_contract_of_the_profile_and_can_be_pasted(folder: Path) -> None:
    status, said = suite(folder, "run", f"{TARGET} wrong", "--profile=./shout.py", "--jobs=1")
    assert status == 1
    assert "FAIL shout/upper (MUST, PROTOCOL.md 2.1, tcp)" in said
    assert "shout/again" not in said
    line = next(one for one in said.splitlines() if "  reproduce " in one)
    assert line.endswith("--case shout/upper --load ./shout.py")
    again = ["run", f"{TARGET} wrong", "--case", "shout/upper", "--load", "./shout.py"]
    assert suite(folder, *again)[0] == 1
    assert "next: " in said
    assert "explain shout/upper --load ./shout.py" in said


def test_reports_know_what_the_profile_requires(folder: Path) -> None:
    suite(folder, "run", f"{TARGET} wrong", "--profile=./shout.py", "--report=out", "--jobs=1")
    header = json.loads((folder / "out/results.jsonl").read_text().splitlines()[0])
    assert header["requirements"]["shout/upper"] == {
        "text": "Each line is answered in upper case.",
        "basis": "PROTOCOL.md 2.1",
        "spec": "PROTOCOL.md",
    }
    page = (folder / "out/matrix.html").read_text()
    assert "Each line is answered in upper case." in page
    assert "PROTOCOL.md 2.1" in (folder / "out/results.tap").read_text()
    status, said = suite(folder, "matrix", "out", "--output=m.html")
    assert (status, said) == (0, "m.html: 1 run\n")
    assert suite(folder, "diff", "out", "out")[1].startswith("0 changed")
    assert suite(folder, "baseline", "--report=out", "--expect=known.toml")[0] == 0
    known = ["--expect=known.toml", "--jobs=1"]
    assert suite(folder, "run", f"{TARGET} wrong", "--load=./shout.py", *known)[0] == 0


def test_list_explain_and_doctor_know_the_profile(folder: Path) -> None:
    status, said = suite(folder, "list", "--load=shout.py")
    assert status == 0
    assert said.startswith("shout: answers in upper case (PROTOCOL.md)\n  shout/upper")
    assert "echo/" not in said
    status, said = suite(folder, "explain", "shout/*", "--load=shout.py")
    assert "clause      PROTOCOL.md 2.1" in said
    assert "run TARGET --load shout.py --case shout/upper" in said
    status, said = suite(folder, "explain", "upper", "--profile=./shout.py")
    assert "run TARGET --load ./shout.py --case shout/upper" in said
    status, said = suite(folder, "explain", "uper", "--profile=./shout.py")
    assert (status, "did you mean upper?" in said) == (4, True)
    status, said = suite(folder, "doctor", TARGET, "--load=shout.py")
    assert "its small session goes well" in said
    assert said.rstrip().endswith("--load shout.py --profile shout")


def test_module_may_import_from_its_folder(folder: Path) -> None:
    (folder / "words.py").write_text("ANSWER = b'HELLO\\n'\n")
    text = PROFILE.format(name="shout", more="from words import ANSWER as SAID")
    (folder / "shout.py").write_text(text.replace('b"HELLO\\n"', "SAID"))
    status, said = suite(folder, "run", TARGET, "--load=shout", "--jobs=2")
    assert status == 0, said
    assert suite(folder, "run", TARGET, "--load=shout:shout", "--case=shout/upper")[0] == 0


def test_options_provide_what_a_machine_lacks(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "far_words.py").write_text("ANSWER = b'HELLO\\n'\n")
    text = PROFILE.format(name="shout", more="from far_words import ANSWER as SAID")
    (folder / "shout.py").write_text(text.replace('b"HELLO\\n"', "SAID"))
    monkeypatch.chdir(folder)
    options, _ = load(Options(target=TARGET, profile="./shout.py"))
    assert options.profile == "shout"
    assert json.loads(json.dumps(options)) is not None
    # The other machine has neither the files nor their modules.
    monkeypatch.delitem(sys.modules, "far_words")
    for name in ("far_words.py", "shout.py"):
        (folder / name).unlink()
    options, catalogue = load(options)
    assert [case.name for case in Plan(options, True, catalogue).cases] == [
        "shout/upper@tcp",
        "shout/again@tcp",
    ]
    assert "shout" not in BUILT_IN.profiles


def test_target_file_of_a_class_loads_profiles(folder: Path) -> None:
    (folder / "class.toml").write_text(
        "".join(
            f"[targets.{name}]\ncommand = '{TARGET} {word}'\n"
            "load = ['shout.py']\nprofiles = ['shout']\n"
            for name, word in {"ada": "right", "bob": "wrong"}.items()
        )
    )
    status, said = suite(folder, "run", "@class.toml#ada", "--jobs=1")
    assert status == 0, said
    status, said = suite(folder, "run", "@class.toml", "--all", "--tx=2*popen", "--report=out")
    assert status == 1, said
    assert "1 conformant" in said
    assert "reproduce" in (folder / "out/bob/results.jsonl").read_text()


def test_installed_package_declares_profiles(folder: Path) -> None:
    info = folder / "shout_checks-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shout-checks\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[conformance.profiles]\nshout = shout:shout\n")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    command = [sys.executable, "-m", "conformance"]
    words: list[str]
    for words in (["list"], ["run", TARGET, "--profile=shout", "--jobs=2"], ["explain", "shout/*"]):
        done = forking.run(
            [*command, *words], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        if words == ["list"]:
            assert "shout/upper" in done.stdout
            assert "echo/simple" in done.stdout


def test_pytest_of_a_project_knows_the_profile(folder: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "conformance.plugin", "-n0"),
            *(f"--conformance-target={TARGET}", "--conformance-profile=./shout.py"),
            *("-p", "no:cacheprovider", "."),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import nonsense_of_nobody", "shout.py:1: ModuleNotFoundError: No module named 'nons"),
        ("\nx = (", "shout.py:2: '(' was never closed"),
        ("1/0", "shout.py:1: ZeroDivisionError: division by zero"),
        ("raise SystemExit(0)", "shout.py:1: SystemExit: 0"),
        ("x = 1", "shout.py: it defines no profile"),
        (
            PROFILE.format(name="echo", more=""),
            "shout.py: echo is the name of a built-in profile; choose another name",
        ),
        (
            PROFILE.format(name="My Shout", more=""),
            "shout.py: 'My Shout' is not a valid name of a profile "
            "(lower-case letters, digits and hyphens)",
        ),
        (
            PROFILE.format(name="shout", more="").replace('needs=("upper",)', 'needs=("uper",)'),
            "shout.py: shout/again needs shout/uper, which does not exist",
        ),
        (
            PROFILE.format(name="shout", more="").replace('"again"', '"upper"'),
            "shout.py:DECORATED: shout/upper is declared twice",
        ),
        (
            "from pync_conformance.api import Profile\nx = Profile('x', title='', first_input=b'', "
            "small_session=print, transports=())",
            "shout.py: the profile x has no requirements",
        ),
    ],
)
def test_bad_input_is_one_line(folder: Path, text: str, line: str) -> None:
    (folder / "shout.py").write_text(text)
    status, said = suite(folder, "run", TARGET, "--profile=./shout.py")
    assert status == 4, said
    # Python 3.10 reports another line for a decorator.
    assert re.sub(r":(19|20):", ":DECORATED:", said).startswith(f"conformance: {line}")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--profile=./none.py"], "none.py: no such file or directory"),
        (["--load=none_such"], "none_such: ModuleNotFoundError: No module named 'none_such'"),
        (["--load=shout:nothing"], "shout:nothing: it defines no profile"),
        (["--load=./shout.py,./other.py"], "other.py: shout.py has a profile shout, too"),
        (["--profile=shuot", "--load=./shout.py"], "unknown profile 'shuot' (did you mean shout?)"),
        (
            ["--load=./shout.py", "--set=x=1"],
            "--set: no chosen profile has a parameter 'x' (known:",
        ),
    ],
)
def test_error_names_what_cannot_be_loaded(folder: Path, words: list[str], line: str) -> None:
    (folder / "other.py").write_text((folder / "shout.py").read_text())
    status, said = suite(folder, "run", TARGET, *words)
    assert status == 4, said
    assert said.startswith(f"conformance: {line}"), said
