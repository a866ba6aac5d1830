"""Known servers get the correct verdicts, for the right reasons."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.plan import Options, Plan
from conformance.profiles import PROFILES
from conformance.targets.address import TRANSPORTS

from .judging import IMPLEMENTATIONS, PYTHON, judge, kept, needs_node

#: Requirements that a Node server without an 'error' listener fails.
RESETS = {
    "reset-at-once",
    "reset-mid-message",
    "reset-while-writing",
    "reset-before-accept",
    "reset-fifty",
    "stall-then-reset",
    "leak-reset",
}


def node(script: str) -> str:
    return f"node {IMPLEMENTATIONS / script} {{port}}"


def names(ids: set[str]) -> set[str]:
    return {identity.partition("/")[2] for identity in ids}


@pytest.mark.long
@pytest.mark.parametrize("profile", [name for name in PROFILES if name != "client-echo"])
def test_correct_threaded_server_is_conformant(profile: str, tmp_path: Path) -> None:
    script = IMPLEMENTATIONS / "socketserver_services.py"
    target = kept(tmp_path, f"{PYTHON} {script} {{profile}} {{port}}")
    judged = judge(tmp_path, target, f"--profile={profile}")
    assert judged.status == 0, judged.stdout
    assert judged.ids("FAIL") == set()
    assert judged.footer["counts"] == {"PASS": len(judged.results)}


@needs_node
@pytest.mark.long
@pytest.mark.parametrize("profile", PROFILES)
def test_reference_servers_in_node_are_conformant(profile: str, tmp_path: Path) -> None:
    judged = judge(tmp_path, kept(tmp_path, "ref:node"), f"--profile={profile}")
    assert judged.status == 0, judged.stdout
    plan = Plan(Options(target="ref:node", profile=profile))
    assert {one["transport"] for one in judged.results} == set(plan.transports)
    assert judged.ids("FAIL") == judged.ids("WARN") == set()


def test_reference_servers_are_judged_over_every_transport() -> None:
    """(Named pipes exist only on Windows.)"""
    planned = {case.transport for case in Plan(Options(target="ref:node")).cases}
    assert planned == set(TRANSPORTS) - {"pipe"}


@needs_node
def test_echo_server_with_an_error_listener_is_conformant(tmp_path: Path) -> None:
    judged = judge(
        tmp_path,
        node("echo-server-with-error-listener.js"),
        "--profile=echo",
        r"--set=greeting=Hello client!\n",
    )
    assert judged.status == 0, judged.stdout


@needs_node
def test_echo_server_without_error_listener_dies_of_a_reset(tmp_path: Path) -> None:
    judged = judge(
        tmp_path, node("simple-echo-server.js"), "--profile=echo", r"--set=greeting=Hello client!\n"
    )
    assert judged.status == 1
    # Other cases with resets are not judged.
    assert names(judged.ids("FAIL")) == {"reset-at-once"}
    unjudged = {one["id"] for one in judged.results if one.get("needs") == "echo/reset-at-once"}
    assert names(unjudged) >= RESETS - {"reset-at-once"}
    message = judged.message("echo/reset-at-once")
    assert "the server died (exit status 1)" in message
    assert "without an 'error' listener" in message
    assert "ECONNRESET" in message
    assert "-> RST" in message
    assert "--case echo/reset-at-once" in message


@needs_node
def test_simple_server_dies_of_a_reset_and_leaks_a_descriptor(tmp_path: Path) -> None:
    judged = judge(tmp_path, node("simple-server.js"), "--profile=greet")
    assert judged.status == 1
    assert names(judged.ids("FAIL")) == {"reset-at-once", "leak-fin"}
    assert "without an 'error' listener" in judged.message("greet/reset-at-once")
    leak = judged.message("greet/leak-fin")
    assert "connections grew the server's open descriptors" in leak
    assert "whose input is never read" in leak


@needs_node
def test_upper_case_server_dies_of_a_reset(tmp_path: Path) -> None:
    judged = judge(tmp_path, node("guide-uppercase-server.js"), "--profile=quit")
    assert judged.status == 1
    assert names(judged.ids("FAIL")) == {"reset-at-once"}
    assert judged.ids("WARN") == {"quit/utf8-split"}
    assert "without an 'error' listener" in judged.message("quit/reset-at-once")


@needs_node
def test_echo_server_of_the_guide_answers_twice(tmp_path: Path) -> None:
    judged = judge(tmp_path, node("guide-echo-server.js"), "--profile=echo", "--case=echo/simple")
    assert judged.status == 1
    message = judged.message("echo/simple")
    assert "the answer comes twice" in message
    assert "^ byte 0:" in message


@needs_node
def test_server_on_a_fixed_address_is_judged_at_that_address(
    tmp_path: Path, free_port: int
) -> None:
    judged = judge(
        tmp_path,
        f"node {IMPLEMENTATIONS / 'echo-server-with-error-listener.js'} {free_port}",
        f"--at=tcp://localhost:{free_port}",
        "--profile=echo",
        r"--set=greeting=Hello client!\n",
    )
    assert judged.status == 0, judged.stdout
    assert judged.header["at"] == f"tcp://localhost:{free_port}"


@pytest.mark.skipif(os.name != "posix", reason="Unix sockets are missing on this system")
@pytest.mark.long
def test_command_and_pytest_plugin_give_the_same_verdicts(tmp_path: Path) -> None:
    """``python -m conformance run`` and ``pytest conformance --target`` agree."""
    import subprocess
    import sys

    from .judging import ROOT, read

    target = "mutant:reset/closes-instead"
    ours = judge(tmp_path / "ours", target)
    theirs = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "conformance", f"--target={target}"),
            *(f"--report={tmp_path / 'theirs'}", "-n2", "-q"),
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=240,
    )
    _, results, footer = read(tmp_path / "theirs")
    verdicts = {(one["id"], one["transport"]): one["verdict"] for one in results}
    assert verdicts == {(one["id"], one["transport"]): one["verdict"] for one in ours.results}
    assert theirs.returncode == ours.status == footer["exit"] == 1
    assert "fin-instead-of-rst" in {one["signature"] for one in results}


@pytest.mark.long
def test_verdicts_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    """The cases run one after the other in the catalogue's order, or all at once in any order."""
    script = IMPLEMENTATIONS / "socketserver_services.py"
    names = ("silent", "no-input", "segments", "isolation", "reset-at-once", "sigterm-idle")
    cases = [f"--case=discard/{name}" for name in names]
    verdicts: list[set[tuple[str, ...]]] = []
    for target in ("mutant:discard/greets", f"{PYTHON} {script} discard {{port}}"):
        for jobs in (1, 6):
            words = (target, *cases, "--transport=tcp", f"--jobs={jobs}", "--deadline=3")
            judged = judge(tmp_path / f"{len(verdicts)}", *words)
            verdicts.append(
                {(one["id"], one["transport"], one["verdict"]) for one in judged.results}
            )
    assert verdicts[0] == verdicts[1]
    assert verdicts[2] == verdicts[3]
    assert verdicts[0] != verdicts[2]
