"""``selftest --target``: which faults, made by a proxy, your own profile detects."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from .judging import PYTHON, conformance, read

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="what is judged through a proxy needs poll(2)"
)

SHOUT = f"{PYTHON} tests/suite/language/shout.py {{port}}"

HEAD = """
transports = ["tcp"]
shared = false
spec = "PROTOCOL.md"
ALLOWS
[session]
open = 'expect "HELLO, I am shouter\\r\\n"'
serve = '''
send "hello\\n"
expect "HELLO\\n"
eof
end
'''
"""

REQUIREMENT = """
[[requirement]]
id = "{word}"
must = "It shouts."
clause = "1"
steps = '''
{steps}
'''
"""

#: It never checks the end of a connection.
WEAK = 'send "abc\\n"\nexpect "ABC\\n"'

#: The server does not behave like this.
WRONG = 'send "abc\\n"\nexpect "abc\\n"'

WHOLE = 'send "abc\\n"\nexpect "ABC\\n"\neof\nend'


class Proved:
    """The result of one self-test."""

    def __init__(self, done: subprocess.CompletedProcess[str], report: Path) -> None:
        self.status = done.returncode
        self.text = done.stdout + done.stderr
        self.report = report

    @property
    def kills(self) -> dict[str, Any]:
        kills: dict[str, Any] = json.loads((self.report / "kills.json").read_text())
        return kills


def prove(folder: Path, steps: dict[str, str], *words: str, allows: str = "") -> Proved:
    profile, report = folder / "shout.toml", folder / "report"
    text = HEAD.replace("ALLOWS", allows)
    text += "".join(REQUIREMENT.format(word=word, steps=one) for word, one in steps.items())
    profile.write_text(text)
    given = ["--profile", str(profile), "--target", SHOUT, "--report", str(report), "--jobs=2"]
    return Proved(conformance("selftest", *given, *words), report)


def faults(*names: str) -> list[str]:
    return [word for name in names for word in ("--fault", name)]


def test_detected_fault_is_reported_with_its_requirement(tmp_path: Path) -> None:
    names = faults("last-byte-lost", "answer-twice", "no-fin")
    found = prove(tmp_path, {"shouts": WHOLE}, *names)
    assert found.status == 0, found.text
    assert "last-byte-lost  noticed by shouts" in found.text
    assert "3 of 3 faults noticed (exit 0)" in found.text
    assert found.kills["score"] == {"noticed": 3, "unnoticed": 0}
    assert found.kills["mutants"]["shout/no-fin"] == {"shout/shouts": "no-fin"}


def test_undetected_fault_is_reported_with_a_step_that_detects_it(tmp_path: Path) -> None:
    found = prove(tmp_path, {"shouts": WEAK}, *faults("answer-twice", "letters-changed"))
    assert found.status == 1
    assert "nobody would notice that each answer comes twice" in found.text
    assert "what would: after an answer send the next input" in found.text
    assert "1 of 2 faults noticed (exit 1)" in found.text
    assert list(found.kills["unnoticed"]) == ["shout/answer-twice"]


def test_every_report_has_a_line_for_each_fault(tmp_path: Path) -> None:
    found = prove(tmp_path, {"shouts": WEAK}, *faults("answer-twice", "letters-changed", "delay"))
    header, rows, footer = read(found.report)
    assert header["faults"] == ["answer-twice", "letters-changed", "delay"]
    assert {row["mutant"] for row in rows} == {
        "shout/none",
        "shout/answer-twice",
        "shout/letters-changed",
        "shout/delay",
    }
    assert footer["exit"] == 1
    cases = ElementTree.parse(found.report / "junit.xml").getroot().iter("testcase")
    failed = {case.get("name"): case.find("failure") is not None for case in cases}
    assert failed == {
        "shout/delay": False,
        "shout/answer-twice": True,
        "shout/letters-changed": False,
    }
    assert "1 of 2 faults noticed" in (found.report / "summary.md").read_text()
    badge = json.loads((found.report / "badge.json").read_text())
    assert (badge["label"], badge["message"]) == ("faults noticed", "1/2")


def test_fault_without_effect_does_not_apply(tmp_path: Path) -> None:
    found = prove(tmp_path, {"shouts": WHOLE}, *faults("cut-at-*", "no-fin"))
    assert found.status == 0, found.text
    said = "do not apply (they change nothing here): cut-at-nul, cut-at-1k, cut-at-4k, cut-at-64k"
    assert said in found.text
    assert "1 of 1 faults noticed" in found.text


#: The client floods the server and reads nothing.
FLOODS = 'flood "abc\\n" to 1M\nreset\nnext-client'


def test_fault_in_data_never_read_does_not_apply(tmp_path: Path) -> None:
    found = prove(tmp_path, {"shouts": WHOLE, "floods": FLOODS}, *faults("cut-at-1k", "no-fin"))
    assert found.status == 0, found.text
    assert "do not apply (they change nothing here): cut-at-1k" in found.text


#: A service that sends one line to each client, and ends the connection.
DAY = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = listener.accept()
    client.sendall(b"Sunday\\r\\n")
    client.close()
"""

DAY_PROFILE = """
transports = ["tcp"]
shared = false
[session]
serve = '''
expect "Sunday\\r\\n"
end
'''
ends-by-itself = true
[[requirement]]
id = "day"
must = "The day is said."
clause = "1"
steps = '''
connect
expect "Sunday\\r\\n"
end
'''
"""


def test_undetectable_faults_are_listed_with_the_reason(
    tmp_path: Path,
) -> None:
    (tmp_path / "day.py").write_text(DAY)
    (tmp_path / "day.toml").write_text(DAY_PROFILE)
    given = ["--profile", str(tmp_path / "day.toml"), "--report", str(tmp_path / "report")]
    target = ["--target", f"{PYTHON} {tmp_path / 'day.py'} {{port}}", "--jobs=2"]
    names = faults("shared-buffer", "half-close-lost", "greeting-late", "no-fin")
    found = Proved(conformance("selftest", *given, *target, *names), tmp_path / "report")
    assert found.status == 0, found.text
    assert "1 of 1 faults noticed (exit 0)" in found.text
    assert "do not apply (the server answers no input): shared-buffer" in found.text
    by_itself = "the server ends each connection by itself"
    assert f"({by_itself}, whatever the client does): half-close-lost" in found.text
    assert f"({by_itself}, and no requirement (timely) says when): greeting-late" in found.text
    header, rows, _ = read(found.report)
    assert header["moot"]["day"] == found.kills["moot"]["day"]
    assert {row["mutant"] for row in rows} == {"day/none", "day/no-fin"}
    cases = ElementTree.parse(found.report / "junit.xml").getroot().iter("testcase")
    skipped = {case.get("name") for case in cases if case.find("skipped") is not None}
    assert skipped == {"day/shared-buffer", "day/half-close-lost", "day/greeting-late"}


def test_requirement_that_the_correct_server_breaks_proves_nothing(tmp_path: Path) -> None:
    found = prove(tmp_path, {"wrong": WRONG, "shouts": WHOLE}, *faults("no-fin"))
    assert found.status == 1
    assert "the right server breaks shout/wrong" in found.text
    assert found.kills["mutants"]["shout/no-fin"] == {"shout/shouts": "no-fin"}


def test_allowed_change_is_not_a_fault(tmp_path: Path) -> None:
    allows = 'allows = ["answer-twice"]'
    found = prove(tmp_path, {"shouts": WEAK}, *faults("answer-twice"), allows=allows)
    assert found.status == 0, found.text
    assert "answer-twice  green, although each answer comes twice" in found.text
    found = prove(tmp_path, {"shouts": WHOLE}, *faults("answer-twice"), allows=allows)
    assert found.status == 1
    assert "fragile: shouts must not fail because each answer comes twice" in found.text
    assert found.kills["fragile"] == ["shout/shouts shout/answer-twice"]


def test_user_supplied_broken_server(tmp_path: Path) -> None:
    server = Path("tests/suite/language/shout.py").resolve()
    (tmp_path / "quiet.py").write_text(
        server.read_text().replace("line.upper()", "line.title()"), encoding="utf-8"
    )
    mutants = f"""
[mutants.quiet]
command = "{PYTHON} quiet.py {{port}}"
breaks = "shouts"
"""
    prove(tmp_path, {"shouts": WHOLE}, *faults("no-fin"))
    with (tmp_path / "shout.toml").open("a", encoding="utf-8") as file:
        file.write(mutants)
    profile = tmp_path / "shout.toml"
    done = conformance("selftest", "--profile", str(profile), f"--report={tmp_path / 'own'}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 mutants killed by the requirement named" in done.stdout
    profile.write_text(profile.read_text().replace("quiet.py {port}", f"{server} {{port}}"))
    done = conformance("selftest", "--profile", str(profile), f"--report={tmp_path / 'own'}")
    assert done.returncode == 1
    assert "shout/quiet survives: shout/shouts found nothing wrong with it" in done.stdout


def test_printed_commands_can_be_run(tmp_path: Path) -> None:
    allows = 'allows = ["answer-twice"]'
    found = prove(tmp_path, {"shouts": WHOLE}, *faults("answer-twice"), allows=allows)
    (line,) = {one for one in found.text.splitlines() if one.startswith("  reproduce ")}
    words = line.removeprefix("  reproduce ")
    done = subprocess.run(
        f"{words} --report={tmp_path / 'again'}",
        shell=True,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "fragile: shouts" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--fault=answer-twise"],
            "--fault: unknown fault 'answer-twise' (did you mean answer-twice?)",
        ),
        (["--fault=none", "--transport=tls"], "--transport tls: this target has only"),
    ],
)
def test_wrong_option_is_reported_in_one_line(tmp_path: Path, words: list[str], said: str) -> None:
    found = prove(tmp_path, {"shouts": WHOLE}, *words)
    assert found.status == 4
    assert said in found.text
    assert len(found.text.splitlines()) == 1


def test_correct_server_is_required(tmp_path: Path) -> None:
    prove(tmp_path, {"shouts": WHOLE}, *faults("no-fin"))
    done = conformance("selftest", "--profile", str(tmp_path / "shout.toml"))
    assert done.returncode == 4
    assert "shout has no broken servers of its own; name a correct one: selftest" in done.stderr
    done = conformance("selftest", "--profile=echo", "--fault=no-fin")
    assert (done.returncode, len(done.stderr.splitlines())) == (4, 1)
    done = conformance("selftest", "--profile=client-echo", "--target=ref:python")
    assert (done.returncode, len(done.stderr.splitlines())) == (4, 1)


def test_built_in_profile_detects_the_faults_of_its_mutants(tmp_path: Path) -> None:
    names = faults("answer-late", "cut-at-64k", "to-another", "byte-by-byte")
    cases = [f"--case=echo/{one}" for one in ("simple", "large", "isolation")]
    report = f"--report={tmp_path}"
    done = conformance("selftest", "--target=ref:python", *cases, *names, report, "--jobs=4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 of 3 faults noticed" in done.stdout
