"""--set: a server with its own protocol words passes, and its faults are still detected."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from conformance.core.conduct import WORDS, Answers, Conduct, Pattern, Words, fill
from conformance.core.verdict import WrongUsage
from conformance.plan import Options, Plan
from conformance.plan.listing import explain, listing
from conformance.plan.parameters import CHANGES, changes_of
from conformance.profiles import PROFILES, REQUIREMENTS
from conformance.targets.grammar import parse_settings

from .judging import IMPLEMENTATIONS, PYTHON, judge, kept

SERVER = f"{PYTHON} {IMPLEMENTATIONS / 'own_words.py'}"

SHELF = (
    "create=PUT {key} {value};read=GET {key};update=SET {key} {value};delete=DROP {key};"
    "create-ok=+stored {key};read-ok={value};update-ok=+changed;delete-ok=+gone;"
    "exists=-taken;not-found=-none;error=-"
)
ROOMS = (
    "login=/nick {name} {password};join=/enter {channel};part=/leave {channel};quit=/bye;"
    "say=/tell {channel} {text};login-ok=Hello {name};join-ok=In {channel};say-ok=Told;"
    "part-ok=Out of {channel};quit-ok=See you.;"
    "bad-password=! wrong;already-logged-in=! taken;error=!;"
    "not-logged-in=! who are you;not-in-channel=! not there;too-long=! too long;"
    "joined=[{channel}] {name} is here;left=[{channel}] {name} has gone;"
    "message=[{channel}] {name}: {text}"
)
POLITE = "greeting=/Welcome [0-9.]+, port [0-9]+\\n/;leave=quit;"
POLITE += "answer=You said '{line}' ({n} bytes)\\n"

#: Service -> the profile, the parameters that describe it, and the cases that are enough.
SERVICES = {
    "polite": (
        "echo",
        POLITE,
        "simple nothing-else half-close half-close-pending terminal fin-at-once leak-fin",
    ),
    "per_line": ("echo", "unit=line", "simple binary segments large half-close"),
    "crlf": (
        "echo",
        "unit=line;eol=\\r\\n",
        "simple coalesced half-close half-close-pending stall-then-reset terminal",
    ),
    "once": (
        "echo",
        "rounds=1",
        "no-newline binary coalesced nothing-else half-close fin-at-once concurrent isolation "
        "half-sent reset-while-writing terminal",
    ),
    "once_line": ("echo", "rounds=1;unit=line", "binary segments nothing-else isolation"),
    "echo one-by-one": (
        "echo",
        "clients=1",
        "simple large half-close burst stall-then-reset leak-reset",
    ),
    "rooms one-by-one": (
        "chat",
        f"clients=1;{ROOMS}",
        "login password second-login not-in-channel lost-by-fin any-case names in-order burst",
    ),
    "shelf one-by-one": ("crud", f"clients=1;{SHELF}", "delete in-order burst stall-then-reset"),
    "upper": ("quit", "token=", "upper utf8 large nothing-else terminal ends-fin"),
    "quotation": (
        "greet",
        "greeting=/Brevity.*\\n/;farewell=",
        "not-held-back unprompted concurrent idle-64 nothing-else half-sent leak-fin terminal",
    ),
    "datagrams": ("udp-echo", "answer=<{data}>", "simple once boundaries sizes terminal"),
}


def judged(
    folder: Path, service: str, profile: str, settings: str, cases: str, transport: str = "tcp"
) -> set[str]:
    """Return which of these cases fail; "" means all of the profile."""
    name, _, faults = service.partition(" ")
    where = "{path}" if transport == "unix" else "{port}"
    over = [] if transport == "tcp" else [f"--transport={transport}"]
    target = f"{SERVER} {name} {where} {faults}".rstrip()
    done = judge(
        folder,
        target if cases else kept(folder, target),
        *over,
        f"--profile={profile}",
        f"--set={settings}",
        *(f"--case={profile}/{case}" for case in cases.split()),
        "--deadline=4",
    )
    assert done.status in (0, 1), done.stdout + done.stderr
    assert done.ids("ERROR") == set()
    return {identity.partition("/")[2] for identity in done.ids("FAIL") | done.ids("WARN")}


@pytest.mark.parametrize("service", SERVICES)
def test_described_server_passes(service: str, tmp_path: Path) -> None:
    assert judged(tmp_path, service, *SERVICES[service]) == set()


@pytest.mark.parametrize(
    ("service", "transport", "cases"),
    [
        ("once", "tls", "nothing-else half-close half-sent"),
        ("once_line", "unix", "segments half-close terminal"),
        ("polite", "tls", "simple nothing-else half-close terminal"),
        ("quotation", "tls", "next-client unprompted half-sent reset-while-writing"),
    ],
)
def test_settings_act_the_same_over_every_transport(
    service: str, transport: str, cases: str, tmp_path: Path
) -> None:
    if transport == "unix" and not hasattr(socket, "AF_UNIX"):
        pytest.skip("only where there are Unix sockets")
    profile, settings, _ = SERVICES[service]
    assert judged(tmp_path, service, profile, settings, cases, transport) == set()


@pytest.mark.long
@pytest.mark.parametrize(("service", "profile"), [("shelf", "crud"), ("rooms", "chat")])
def test_other_words_pass(service: str, profile: str, tmp_path: Path) -> None:
    settings = {"crud": SHELF, "chat": ROOMS}[profile]
    # It keeps no data after it has ended.
    lost = {"kept-sigterm", "kept-sigkill"} if profile == "crud" else set()
    assert judged(tmp_path, service, profile, settings, "") - lost == set()


@pytest.mark.parametrize(
    ("service", "profile", "settings", "case"),
    [
        ("polite stays", "echo", POLITE, "nothing-else"),
        ("per_line drops-nul", "echo", "unit=line", "binary"),
        ("per_line forgets", "echo", "unit=line", "half-close-pending"),
        ("once stays", "echo", "rounds=1", "nothing-else"),
        ("polite shouts", "echo", POLITE, "simple"),
        ("polite", "echo", POLITE.replace("Welcome", "Hello"), "greeting"),
        ("once stays", "echo", "rounds=1", "concurrent"),
        ("quotation stays", "greet", "greeting=/Brevity.*\\n/;farewell=", "unprompted"),
        ("datagrams no-end", "udp-echo", "answer=<{data}>", "simple"),
        ("shelf overwrites-nothing", "crud", SHELF, "update"),
        ("shelf knows-one-case", "crud", SHELF, "any-case"),
        ("rooms talks-to-nobody", "chat", ROOMS, "say"),
    ],
)
def test_fault_of_a_described_server_is_detected(
    service: str, profile: str, settings: str, case: str, tmp_path: Path
) -> None:
    assert judged(tmp_path, service, profile, settings, case) == {case}


def test_requirement_that_a_parameter_makes_meaningless_is_not_judged() -> None:
    plan = Plan(Options(target="./server {port}", profile="echo", settings="unit=line;clients=1"))
    skips = {case.requirement.id: case.skip for case in plan.cases if case.skip}
    assert skips["echo/no-newline"] == "unit=line: the echo comes when the line is complete"
    assert skips["echo/concurrent"] == "clients=1: there is one client at a time"
    assert "echo/simple" not in skips


def test_every_rule_names_existing_requirements() -> None:
    shared = {"concurrent", "idle-64", "idle", "isolation", "stalled-reader", "unfinished-apart"}
    for profile in PROFILES.values():
        words = {one.word for one in profile.requirements}
        for rule in profile.settings.rules:
            assert not rule.words - words - shared, profile.name


def test_every_change_names_an_existing_requirement() -> None:
    words = {identity.partition("/")[2] for identity in REQUIREMENTS}
    for change in CHANGES:
        for one in change.requirements:
            assert one in REQUIREMENTS or one in words, one
            if "/" in one:
                assert changes_of(REQUIREMENTS[one], PROFILES[one.partition("/")[0]])


def test_list_describes_parameters() -> None:
    for profile in PROFILES.values():
        if profile.name != "client-echo":
            assert not profile.known_parameters().keys() - profile.settings.meanings.keys()
    told = listing(profiles="echo")
    assert '--set unit="byte"' in told
    assert "byte or line: whether an echo comes at once" in told


def test_explain_shows_what_a_parameter_changes() -> None:
    assert "clients=1: there is one client at a time (not judged)" in explain("echo/concurrent")
    told = explain("echo/half-close-pending")
    assert "rounds=1: there is one answer in a connection (not judged)" in told
    assert "unit=line: the answer to an unfinished line may be missing" in told
    assert "no input is sent" not in explain("echo/leak-fin")
    assert "no parameter" in explain("client-echo/connects")


def test_leave_may_be_empty() -> None:
    plan = Plan(Options(target="./server {port}", profile="echo", settings="leave="))
    assert plan.parameters["echo"]["leave"] == b""


@pytest.mark.parametrize(
    ("profile", "settings", "said"),
    [
        ("echo", "unit=word", "unit must be byte or line"),
        ("echo", "rounds=2", "rounds must be many or 1"),
        ("echo", "clients=0", "clients must be many or 1"),
        ("echo", "eol=\\n\\n", r"eol must be \\n or \\r\\n"),
        ("echo", "answer=", "an empty answer cannot be checked"),
        ("echo", "leave=two words ", "leave must be a word"),
        ("echo", "greeting=/(/", "greeting: missing"),
        ("echo", "greeting=/.*/", "also matches an empty text"),
        ("quit", "token=/x+/", "token cannot be a pattern"),
        ("echo", "answer={lin}", r"answer has no field \{lin\} \(known: "),
        ("crud", "read-ok=OK {val}", r"read-ok has no field \{val\}"),
        ("crud", "read=GET", r"read must contain \{key\}"),
        ("crud", "read=", "read is empty"),
        ("greet", "unit=line", "no chosen profile has a parameter 'unit'"),
    ],
)
def test_invalid_values_are_rejected(profile: str, settings: str, said: str) -> None:
    with pytest.raises(WrongUsage, match=said):
        Plan(Options(target="./server {port}", profile=profile, settings=settings))


def test_value_between_slashes_is_a_pattern() -> None:
    given = parse_settings(r"greeting=/Hi \d+\n/;farewell=/x;token=\x2fy/")
    assert given == {"greeting": rb"Hi \d+\n", "farewell": b"/x", "token": b"/y/"}
    greeting = given["greeting"]
    assert isinstance(greeting, Pattern)
    assert greeting.at_start(b"Hi 42\nrest") == 6
    assert greeting.at_start(b"Hi 42") is None
    assert not isinstance(given["token"], Pattern)


def test_answer_to_a_line() -> None:
    said = Answers(b"[{line}|{LINE}|{n}|{other}]\n")
    assert said.expected(b"one\ntwo\r\n") == b"[one|ONE|4|{other}]\n[two|TWO|5|{other}]\n"
    assert Answers(b"{data}!").expected(b"x\n") == b"x\n!"
    assert fill(b"{a}{b}", {b"a": b"{b}", b"b": b"x"}) == b"{b}x"


def test_line_ending_of_the_service() -> None:
    conduct = Conduct(b"\r\n")
    assert conduct.sent(b"one\ntwo\r\nthree") == b"one\r\ntwo\r\nthree"
    assert PROFILES["echo"].conduct({}).sent(b"one\n") == b"one\n"


def test_words_of_a_service() -> None:
    words = dict(WORDS["crud"], create=b"PUT {value} AS {key}", read=b"GET {key}")
    words |= {"create-ok": b"made {key}", "not-found": b"", "read-ok": b"{value}"}
    crud = Words("crud", words)
    assert crud.sent(b"create k two words\nread k\n") == b"PUT two words AS k\nGET k\n"
    assert crud.peek(b"OK\n") == b"made k\n"
    assert crud.expected(b"OK\nOK two words\n") == b"made k\ntwo words\n"
    assert crud.sent(b"Read k\n") == b"get k\n"
    assert crud.expected(b"ERROR not found\n") == b""
    assert crud.sent(b"read\ncreate k\nnonsense\n") == b"GET\nPUT k\nnonsense\n"
