"""run --link: judging over a connection that delays data, limits its rate, or splits it."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.core.line import NEEDS
from conformance.mutants.catalogue import MUTANTS as MUTANTS_BY_NAME

from .judging import PYTHON, ROOT, conformance, judge, needs_node, read

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="what is judged through a proxy needs poll(2)"
)


def test_invalid_link_is_status_4(tmp_path: Path) -> None:
    done = conformance("run", "--link=loss=5%", f"--report={tmp_path}")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("conformance: --link: loss cannot be used here: UDP may lose")


@pytest.mark.parametrize(
    ("profile", "link", "said"),
    [
        ("udp-echo", "slice=1", "a datagram arrives whole: slice is for streams"),
        (
            "client-echo",
            "delay=1s",
            "--link works only with servers; client-echo judges clients",
        ),
    ],
)
def test_impossible_link_is_rejected(tmp_path: Path, profile: str, link: str, said: str) -> None:
    done = conformance("run", f"--profile={profile}", f"--link={link}", f"--report={tmp_path}")
    assert done.returncode == 4
    assert done.stderr == f"conformance: --link {link}: {said}\n"


def test_error_in_a_target_file_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "one.toml"
    file.write_text('command = "./server {port}"\nlink = "delay=soon"\n')
    done = conformance("run", f"@{file}", f"--report={tmp_path}")
    assert done.returncode == 4
    assert f"@{file}#one: link: delay: 'soon' is not a time" in done.stderr


#: A few clauses of each profile: answers, silence, the end, several clients, leaks.
CLAUSES = (
    "echo/half-close",
    "echo/reset-before-accept",
    "greet/not-held-back",
    "quit/token",
    "half-open/silent-before-fin",
    "reset/reset",
    "hello/nothing-first",
    "discard/ends-fin",
    "udp-echo/many-senders",
    "chat/lost-by-reset",
    "crud/one-wins",
)


@pytest.mark.parametrize(
    ("target", "link"),
    [
        ("ref:python", "delay=300ms"),
        ("ref:python", "slice=1"),
        ("ref:python", "rate=20K"),
        pytest.param("ref:node", "delay=300ms", marks=needs_node),
    ],
)
def test_correct_server_passes_over_a_bad_link(tmp_path: Path, target: str, link: str) -> None:
    cases = [f"--case={one}" for one in CLAUSES]
    if link == "slice=1":
        cases.remove("--case=udp-echo/many-senders")
    judged = judge(tmp_path, target, *cases, f"--link={link}", "--transport=tcp,udp", "--jobs=4")
    assert judged.status == 0, judged.stdout
    assert judged.header["link"] == [link]
    # With a rate or slices the line itself delays part of the data.
    held = {"greet/not-held-back"} if link != "delay=300ms" else set()
    assert judged.ids("SKIP") == held


def test_data_pending_at_fin_arrives_over_a_bad_link(tmp_path: Path) -> None:
    """The kernel does not say how much of it a server behind the line has read."""
    words = (
        "echo/half-close-pending",
        "quit/pending",
        "hello/pending",
        "reset/ends-fin",
        "crud/pending",
    )
    cases = [f"--case={one}" for one in words]
    judged = judge(tmp_path, *cases, "--link=delay=20ms", "--transport=tcp", "--jobs=2")
    assert judged.ids("PASS") == set(words), judged.stdout


def test_links_can_be_combined(tmp_path: Path) -> None:
    links = "--link=delay=50ms±20ms", "--link=up slice=1;down rate=10K"
    judged = judge(tmp_path, *links, "--case=echo/segments", "--case=chat/say", "--transport=unix")
    assert judged.status == 0, judged.stdout
    assert "over the line delay=50ms±20ms;up slice=1;down rate=10K" in judged.stdout
    assert judged.header["link"] == ["delay=50ms±20ms", "up slice=1", "down rate=10K"]


def test_bad_link_with_tls(tmp_path: Path) -> None:
    judged = judge(tmp_path, "--link=delay=100ms", "--case=echo/half-close", "--transport=tls")
    assert judged.status == 0, judged.stdout


#: The clause that detects each mutant is the same as without the line.
MUTANTS = {
    "echo/answers-twice": "echo/simple",
    "echo/resets-at-fin": "echo/half-close",
    "echo/blocks-in-send": "echo/stalled-reader",
    "echo/one-at-a-time": "echo/concurrent",
    "echo/ends-after-a-second": "echo/quiet",
    "greet/holds-greeting-back": "greet/not-held-back",
    "udp-echo/answers-the-first-sender": "udp-echo/to-the-sender",
}


def test_broken_server_is_detected_over_a_bad_link(tmp_path: Path) -> None:
    cases = [f"--case={clause}" for clause in MUTANTS.values()]
    report = f"--report={tmp_path}"
    done = conformance("selftest", *cases, "--link=delay=100ms", "--jobs=6", report)
    assert done.returncode == 0, done.stdout
    header, results, _ = read(tmp_path)
    assert header["link"] == ["delay=100ms"]
    found = {one["mutant"]: one["id"] for one in results if one["verdict"] == "PASS"}
    assert found.items() >= MUTANTS.items()


#: A line; the mutants that look like a correct server over it, by what their clauses need; and
#: some that are detected although the line changes when and how the client's data arrives.
UNTOLD = [
    (
        "delay=300ms",
        "in-time",
        "greet/closes-with-unread-input greet/echoes-input greet/dies-when-one-leaves-early "
        "greet/drops-the-one-after greet/writes-without-looking greet/dies-of-sigpipe "
        "greet/dies-with-half-a-message greet/dies-of-unfinished-input",
        "quit/dies-of-sigpipe echo/dies-in-accept udp-echo/dies-of-unreachable",
    ),
    (
        "slice=1",
        "together",
        "echo/speaks-telnet echo/turns-crlf-to-lf echo/loses-byte-4096 echo/answers-first-line "
        "half-open/counts-crlf-as-one crud/keeps-cr crud/reads-come-later",
        "hello/dies-of-sigpipe echo/dies-on-reset",
    ),
    (
        "rate=20K",
        "together",
        "echo/loses-byte-4096",
        "crud/dies-of-sigpipe discard/ends-all-with-one udp-echo/dies-of-unreachable",
    ),
]


@pytest.mark.parametrize(("link", "need", "untold", "told"), UNTOLD)
def test_no_broken_server_passes_over_a_bad_link(
    tmp_path: Path, link: str, need: str, untold: str, told: str
) -> None:
    names = {*untold.split(), *told.split()}
    clauses = sorted({MUTANTS_BY_NAME[name].breaks for name in names})
    report = f"--report={tmp_path}"
    cases = [f"--case={clause}" for clause in clauses]
    done = conformance("selftest", *cases, f"--link={link}", "--jobs=12", report)
    assert done.returncode == 0, done.stdout
    _, results, _ = read(tmp_path)
    verdicts = {one["mutant"]: one for one in results}
    said = f"not judged over this line ({link}): {NEEDS[need].reason}"
    skipped = {name for name, one in verdicts.items() if one["message"] == said}
    assert skipped, verdicts
    assert {verdicts[name]["verdict"] for name in told.split()} == {"PASS"}


@pytest.mark.parametrize("link", ["delay=300ms", "slice=1/1ms", "rate=20K"])
def test_inconclusive_pass_is_not_judged(tmp_path: Path, link: str) -> None:
    cases = "--case=greet/ends-fin", "--case=echo/coalesced", "--case=greet/not-held-back"
    judged = judge(tmp_path, *cases, f"--link={link}", "--transport=tcp", "--jobs=4")
    assert not judged.ids("FAIL"), judged.stdout
    lacking = {"delay=300ms": {"greet/ends-fin"}}
    cut = {"echo/coalesced", "greet/not-held-back"}
    assert judged.ids("SKIP") >= lacking.get(link, cut)
    assert ("echo/coalesced" in judged.ids("PASS")) == (link == "delay=300ms")
    for clause in judged.ids("SKIP"):
        assert judged.message(clause).startswith(f"not judged over this line ({link}): ")


def test_profile_declares_what_it_needs_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "shout.toml").write_text(
        "[session]\nserve = '''\nsend \"a\\n\"\nexpect \"a\\n\"\neof\nexpect-eof\n'''\n"
        '[[requirement]]\nid = "one"\nmust = "All at once."\nclause = "1"\nline = ["together"]\n'
        "steps = '''\nsend \"ab\\n\"\nexpect \"ab\\n\"\n'''\n"
    )
    profile = f"--profile={tmp_path / 'shout.toml'}"
    command = f"{PYTHON} conformance/reference/python/server.py echo tcp://127.0.0.1:{{port}}"
    words = command, profile, "--case=shout/one"
    assert judge(tmp_path / "plain", *words).ids("PASS") == {"shout/one"}
    judged = judge(tmp_path / "cut", *words, "--link=slice=1/1ms")
    assert judged.message("shout/one") == (
        "not judged over this line (slice=1/1ms): what is sent together arrives in pieces"
    )
    done = conformance("explain", "one", profile)
    assert "bad line    together: what is sent together arrives together\n" in done.stdout


def test_message_names_the_link_and_a_command_to_repeat_the_case(tmp_path: Path) -> None:
    link = "delay=50ms;slice=1/1ms"
    judged = judge(
        *(tmp_path, "mutant:echo/drops-0x1a", "--case=echo/binary", f"--link={link}", "--jobs=2"),
        "--transport=tcp",
    )
    assert judged.ids("FAIL") == {"echo/binary"}
    message = judged.message("echo/binary")
    assert f"\n  line      {link}\n" in message
    line = message.splitlines()[-1].removeprefix("  reproduce ")
    again = subprocess.run(
        [*shlex.split(line), f"--report={tmp_path}"], cwd=ROOT, capture_output=True, text=True
    )
    assert again.returncode == 1, again.stderr
    assert f"\n  line      {link}\n" in again.stdout
    assert f"over the line `{'; '.join(link.split(';'))}`" in (tmp_path / "summary.md").read_text()


def test_server_that_reads_once_is_detected_only_over_a_bad_link(tmp_path: Path) -> None:
    server = tmp_path / "server.py"
    server.write_text(
        "import socketserver, sys\n"
        "class Once(socketserver.BaseRequestHandler):\n"
        "    def handle(self):\n"
        "        self.request.sendall(self.request.recv(4096))\n"
        "        while self.request.recv(4096): pass\n"
        "socketserver.ThreadingTCPServer.allow_reuse_address = True\n"
        "socketserver.ThreadingTCPServer(('127.0.0.1', int(sys.argv[1])), Once).serve_forever()\n"
    )
    target = f"{PYTHON} {shlex.quote(str(server))} {{port}}"
    words = target, "--case=echo/simple", "--deadline=1"
    assert judge(tmp_path, *words).status == 0
    # So far apart that a server on a busy machine also reads them one by one.
    judged = judge(tmp_path, *words, "--link=slice=1/50ms")
    assert judged.status == 1
    assert "\n  line      slice=1/50ms\n" in judged.message("echo/simple")


def test_case_that_the_link_makes_too_slow_is_not_judged(tmp_path: Path) -> None:
    cases = "--case=echo/stall-then-reset", "--case=echo/backpressure"
    judged = judge(tmp_path, *cases, "--link=rate=20K", "--transport=tcp")
    assert judged.ids("SKIP") == {"echo/stall-then-reset", "echo/backpressure"}
    for clause in judged.ids("SKIP"):
        assert judged.message(clause).startswith("the line is too slow (rate=20K)")


def test_link_option_overrides_the_target_file(tmp_path: Path) -> None:
    file = tmp_path / "two.toml"
    command = json.dumps(f"{PYTHON} {ROOT}/conformance/reference/python/server.py echo {{at}}")
    file.write_text(
        f"[targets.one]\ncommand = {command.replace('{at}', 'tcp://127.0.0.1:{port}')}\n"
        'link = ["delay=20ms", "slice=1"]\n'
    )
    case = "--case=echo/simple"
    judged = judge(tmp_path, f"@{file}", case)
    assert (judged.status, judged.header["link"]) == (0, ["delay=20ms", "slice=1"])
    judged = judge(tmp_path, f"@{file}", case, "--link=rate=1M")
    assert (judged.status, judged.header["link"]) == (0, ["rate=1M"])
    done = conformance("run", f"@{file}", "--all", case, f"--report={tmp_path / 'all'}")
    assert done.returncode == 0, done.stdout
    assert "delay=20ms" in (tmp_path / "all" / "one" / "results.jsonl").read_text()


def test_link_option_of_pytest_is_passed_to_its_workers(tmp_path: Path) -> None:
    (tmp_path / "empty.ini").write_text("[pytest]\n")
    words = ["--conformance-target=mutant:echo/drops-0x1a", "--conformance-case=echo/binary"]
    words += ["--conformance-link=delay=20ms", "--conformance-transport=tcp", "-n1"]
    words += ["-c", str(tmp_path / "empty.ini"), "-p", "conformance.plugin"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, str(ROOT / "conformance/test_conformance.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "line      delay=20ms" in done.stdout
