"""The plan: which cases are judged over which transports. It depends only on the options."""

from __future__ import annotations

import pytest

from conformance.core.verdict import WrongUsage
from conformance.plan import Options, Plan
from conformance.profiles import PROFILES
from conformance.scenario.profile import StreamProfile
from conformance.scenario.requirement import matches
from conformance.targets.address import TRANSPORTS


def profiles(**options: object) -> list[str]:
    return [profile.name for profile in Plan(Options(**options)).profiles]  # type: ignore[arg-type]


def test_default_profile() -> None:
    assert profiles() == list(PROFILES)
    assert profiles(target="ref:node") == list(PROFILES)
    assert profiles(target="./server") == ["echo"]
    assert profiles(target="tcp://127.0.0.1:1") == ["echo"]
    assert profiles(target="udp://127.0.0.1:1") == ["udp-echo"]
    assert profiles(target="./server", at="udp://127.0.0.1:1") == ["udp-echo"]
    assert profiles(target="mutant:greet/never-ends") == ["greet"]
    assert profiles(target="./server", profile="quit, reset,quit") == ["quit", "reset"]


def test_case_names_its_profile() -> None:
    assert profiles(target="./server", cases=("greet/farewell",)) == ["greet"]
    plan = Plan(Options(cases=("*/half-sent",)))
    assert {case.requirement.id for case in plan.cases} == {
        f"{name}/half-sent" for name, one in PROFILES.items() if isinstance(one, StreamProfile)
    }


@pytest.mark.parametrize(
    ("options", "transports"),
    [
        ({}, [name for name in TRANSPORTS if name != "pipe"]),  # which exists only on Windows
        ({"profile": "echo"}, ["tcp", "tcp6", "unix", "tls"]),
        ({"profile": "udp-echo"}, ["udp", "udp6"]),
        ({"target": "./server {port}", "profile": "udp-echo,echo"}, ["tcp", "udp"]),
        ({"target": "./server", "at": "udp://[::1]:9000"}, ["udp6"]),
        ({"transports": ("unix",)}, ["unix"]),
        ({"target": "./server {port}"}, ["tcp"]),
        ({"target": "./server {path}"}, ["unix"]),
        ({"target": "./server {port} {cert} {key}"}, ["tls"]),
        ({"target": "./server {port}", "transports": ("tls",)}, ["tls"]),
        ({"target": "./server"}, ["tcp"]),
        ({"target": "./server", "at": "tcp://[::1]:9000"}, ["tcp6"]),
        ({"target": "./server", "at": "unix:/run/x"}, ["unix"]),
        ({"target": "tcp://[::1]:9000"}, ["tcp6"]),
        ({"target": "unix:/run/x"}, ["unix"]),
    ],
)
def test_transports(options: dict[str, object], transports: list[str]) -> None:
    assert Plan(Options(**options)).transports == transports  # type: ignore[arg-type]


def test_case_unsuitable_for_a_transport_is_skipped() -> None:
    plan = Plan(Options(cases=("reset/reset",)))
    skips = {case.transport: case.skip for case in plan.cases}
    assert skips.pop("unix") == "a Unix socket cannot express it (no RST)"
    assert skips == {"tcp": None, "tcp6": None, "tls": None}


def test_without_ipv6_its_cases_are_skipped_with_the_reason() -> None:
    plan = Plan(Options(cases=("echo/simple",)), ipv6=False)
    assert {case.transport for case in plan.cases if case.skip} == {"tcp6"}


def test_running_server_is_not_stopped() -> None:
    plan = Plan(Options(target="tcp://127.0.0.1:1", cases=("echo/sigterm-idle",)))
    assert plan.cases[0].skip == "needs a server that the suite itself starts and stops"
    assert plan.takes_turns


def test_parameter_applies_to_the_profiles_that_declare_it() -> None:
    plan = Plan(Options(settings=r"greeting=Hi\n;token=BYE"))
    assert plan.parameters["echo"] == {"greeting": b"Hi\n"}
    assert plan.parameters["quit"] == {"greeting": b"Hi\n", "token": b"BYE"}
    assert plan.parameters["reset"] == {"command": b"RESET"}


def test_command_that_reproduces_a_case() -> None:
    options = Options(
        target="node server.js {port}",
        settings="greeting=Hi there\\n",
        cases=("echo/simple",),
        started=("pync-conformance", "run"),
    )
    plan = Plan(options)
    assert plan.reproduce(plan.cases[0]) == (
        "pync-conformance run 'node server.js {port}' --case echo/simple "
        "--set 'greeting=Hi there\\n'"
    )
    # The command line gives the same plan.
    assert Plan(Options(cases=("echo/simple",))).cases[0].requirement.id == "echo/simple"


def test_names_of_cases_are_unique() -> None:
    for options in (Options(), Options(selftest=True)):
        names = [case.name for case in Plan(options).cases]
        assert len(names) == len(set(names))


def test_token_is_a_word_or_empty() -> None:
    with pytest.raises(WrongUsage, match="token must be a word"):
        Plan(Options(settings="token= QUIT"))
    plan = Plan(Options(profile="quit", settings="token="))
    skipped = {case.requirement.id for case in plan.cases if case.skip}
    assert "quit/token" in skipped


@pytest.mark.parametrize(
    ("target", "patterns", "ids"),
    [
        ("./x {port}", ["echo/sigterm-*"], {"echo/sigterm-busy", "echo/sigterm-idle"}),
        ("./x {port}", ["*/simple"], {"echo/simple"}),
        ("udp://127.0.0.1:7", ["*/simple"], {"udp-echo/simple"}),
        ("ref:python", ["*/sigterm-idle"], None),
        ("./x {port}", ["cru*/sigterm-i*"], {"crud/sigterm-idle"}),
        ("./x {port}", ["*/simple", "quit/utf8-*"], {"echo/simple", "quit/utf8-split"}),
    ],
)
def test_patterns(target: str, patterns: list[str], ids: set[str] | None) -> None:
    plan = Plan(Options(target=target, cases=tuple(patterns)))
    found = {case.requirement.id for case in plan.cases}
    if ids is None:
        # An embedded server offers every service.
        assert len(found) > 5
    else:
        assert found == ids


def test_pattern_is_not_a_regular_expression() -> None:
    assert matches("echo/s*e", "echo/simple")
    assert matches("*/*", "echo/simple")
    assert not matches("*", "echo/simple")
    assert not matches("echo/simpl.", "echo/simple")
    assert not matches("echo/s*", "echo-2/simple")
