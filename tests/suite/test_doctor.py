"""doctor: what it finds, and that the command it suggests works."""

from __future__ import annotations

import re
import select
import shlex
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conformance.clients.channel import ABORT
from conformance.doctor import describe
from conformance.doctor.talk import RESET, converse
from conformance.doctor.templates import count_template, template_of, upper_token
from conformance.doctor.texts import literal, value_of
from conformance.targets.grammar import parse_settings, parse_target

from ..peer import DEADLINE
from .judging import IMPLEMENTATIONS, PYTHON, ROOT, conformance, needs_node

KIND = f"{PYTHON} {IMPLEMENTATIONS / 'many_kinds.py'} {{kind}} {{{{port}}}}"

REFERENCE = Path("conformance/reference/python/server.py")

#: The number of doctors that run in parallel: most of their time is waiting.
AT_A_TIME = 6

#: Kind of server -> the profile and the --set that doctor must suggest.
RIGHT = {
    "line": ("echo", {"unit": "line"}),
    "byte": ("echo", {}),
    "upper": ("echo", {"answer": "{DATA}"}),
    "quoted": (
        "echo",
        {
            "greeting": r"It's open\; type $away\n",
            "answer": r"You said '{line}'\; {n} bytes\n",
        },
    ),
    "counted": ("echo", {"answer": "{n}: {data}"}),
    "greeter": (
        "echo",
        {
            "greeting": r"/Hello [\d.:a-f]+:\d+, \w+ \w+ +\d+ [\d:.,]+ \d+\n> /",
            "answer": r"{line}\n> ",
            "leave": "exit",
        },
    ),
    "crlf": ("echo", {"unit": "line", "eol": r"\r\n"}),
    "token": ("quit", {"greeting": r"Hi there\n", "token": "DONE"}),
    "once": ("echo", {"clients": "1", "rounds": "1"}),
    "one-by-one": ("echo", {"clients": "1"}),
    "one-client": ("echo", {"clients": "1", "unit": "line"}),
    "one-client-and-a-rest": ("echo", {"clients": "1", "unit": "line"}),
    "sentence": ("hello", {"reply": r"What can I do for you?\n"}),
    "resets": ("reset", {}),
    "daytime": ("greet", {"greeting": r"/\w+ \w+ +\d+ [\d:.,]+ \d+\r\n/", "farewell": ""}),
    "quotes": ("greet", {"greeting": r"/(?s:.*)\.\n/", "farewell": ""}),
    "welcome": ("greet", {"greeting": r"Welcome\n", "farewell": r"So long\n"}),
    "discard": ("discard", {}),
    "counter": ("half-open", {"reply": r"Got {n} bytes, thanks\n"}),
    "slow": ("echo", {"unit": "line"}),
    "udp": ("udp-echo", {}),
    "udp-loud": ("udp-echo", {"answer": "{n}: {DATA}"}),
}

#: A server that no profile describes -> the nearest profile, and a part of the reason.
WRONG = {
    "backwards": ("echo", 'answered "dlroW ,olleH\\n"'),
    "garbage": ("echo", "in some other way"),
    "silent": ("discard", "FIN is not answered by FIN"),
    "flood": ("greet", "without end"),
    "udp-quiet": ("udp-echo", "no datagram is answered"),
}


def findings(shown: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S+) +(.*)$", shown, re.MULTILINE))


def advice(shown: str) -> tuple[str | None, dict[str, str]]:
    """Return the profile and the --set of the suggested command."""
    words = shlex.split(findings(shown)["next"])
    options = dict(re.findall(r"^--(\w+)\n(.*)$", "\n".join(words), re.MULTILINE))
    items = re.split(r"(?<!\\);", options.get("set", ""))
    return options.get("profile"), dict(item.split("=", 1) for item in items if item)


@pytest.mark.long
def test_every_kind_of_server_is_recognized() -> None:
    targets = {kind: KIND.format(kind=kind) for kind in [*RIGHT, *WRONG]}
    right = {**RIGHT, "crud": ("crud", {}), "chat": ("chat", {})}
    for service in ("crud", "chat"):
        targets[service] = f"{PYTHON} {REFERENCE} {service} tcp://127.0.0.1:{{port}}"
    if hasattr(socket, "AF_UNIX"):
        targets["local"] = targets["line"].replace("{port}", "{path}")
        right["local"] = RIGHT["line"]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        runs = dict(
            zip(targets, pool.map(lambda one: conformance("doctor", one), targets.values()))
        )
    found = {kind: advice(runs[kind].stdout) for kind in right}
    for kind, wanted in right.items():
        if found[kind] != wanted:
            # doctor interprets a silence, and a busy machine with six doctors can cause one.
            runs[kind] = conformance("doctor", targets[kind])
            found[kind] = advice(runs[kind].stdout)
    assert found == right
    for kind, (nearest, reason) in WRONG.items():
        said = findings(runs[kind].stdout)["profile"]
        assert said.startswith(f"no profile fits; nearest: {nearest}, because "), said
        assert reason in said
    # The evidence: what was sent and what was received.
    assert 'sent "Hello, World\\n"  answered "HELLO, WORLD\\n"' in runs["upper"].stdout
    assert 'sent "no Newline"  answered nothing for ' in runs["line"].stdout
    assert 'sent "RESET\\n"  answered RST' in runs["resets"].stdout
    for kind in ("one-client", "one-client-and-a-rest"):
        assert "it serves one client and ends" in runs[kind].stdout
        assert "sent quit, exit, bye, QUIT, q, EXIT, close, stop, ., each as a line  no FIN" in (
            runs[kind].stdout
        )


def test_reset_reported_by_a_write_is_not_eof() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with client:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            server.close()
            assert select.select([client], [], [], DEADLINE)[0]
            assert converse(client, [b"quit\n"], DEADLINE)[0].end == RESET


@pytest.mark.parametrize(
    ("kind", "cases"),
    [
        ("quoted", ["echo/simple", "echo/greeting"]),
        ("counted", ["echo/simple", "echo/greeting"]),
        ("quotes", ["greet/unprompted", "greet/terminal"]),
    ],
)
def test_suggested_command_can_be_run(kind: str, cases: list[str], tmp_path: Path) -> None:
    done = conformance("doctor", KIND.format(kind=kind))
    line = findings(done.stdout)["next"]
    options = [f"--report={tmp_path}", *(f"--case={case}" for case in cases)]
    pasted = subprocess.run(
        f"{line} {shlex.join(options)}",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert pasted.returncode == 0, f"{line}\n{pasted.stdout}{pasted.stderr}"
    assert "2 PASS" in pasted.stdout


def test_service_is_recognized_and_the_suggested_command_can_be_run(tmp_path: Path) -> None:
    done = conformance("doctor", "inetd:cat")
    assert done.returncode == 0, done.stderr
    found = findings(done.stdout)
    assert found["greeting"].split("  ")[0] == "none"
    assert found["profile"].startswith("echo: ")
    assert found["next"].endswith(" -m conformance run inetd:cat --profile echo")
    assert '"RESET\\n"' in found["command"]
    words = shlex.split(found["next"])[3:]
    assert conformance(*words, "--case=echo/half-close", f"--report={tmp_path}").returncode == 0


@needs_node
def test_received_greeting_becomes_a_set_option() -> None:
    server = f"node {IMPLEMENTATIONS / 'simple-echo-server.js'} {{port}}"
    done = conformance("doctor", server)
    assert done.returncode == 0, done.stdout + done.stderr
    found = findings(done.stdout)
    assert found["target"].endswith("; it gets {port}")
    profile, settings = advice(done.stdout)
    assert profile == "echo"
    assert f'connected  answered "{settings["greeting"]}"' in done.stdout


def test_mutant_does_not_fit_its_profile() -> None:
    done = conformance("doctor", "mutant:discard/prompts")
    assert findings(done.stdout)["discard"].startswith("no: "), done.stdout + done.stderr


def test_target_does_not_start() -> None:
    done = conformance("doctor", "sh -c 'echo no port given; exit 3'")
    assert done.returncode == 6
    assert findings(done.stdout)["target"].startswith("a command: sh -c")
    assert "ended before it was ready (exit status 3)" in done.stderr
    assert "  | no port given\n" in done.stderr
    assert "write {port} there" in done.stderr


def test_address_without_listener(tmp_path: Path) -> None:
    done = conformance("doctor", f"unix:{tmp_path}/none")
    assert done.returncode == 6
    cause = "no such file or directory"
    assert done.stderr == f"conformance: unix:{tmp_path}/none cannot be reached: {cause}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tcp://127.0.0.1:7", "a server that already runs, at tcp://127.0.0.1:7"),
        ("ref:node", "the embedded reference server in node"),
        ("mutant:echo/prompts", "an embedded server of echo with the fault prompts"),
        ("./s {port}", "a command: ./s '{port}'; it gets {port}"),
        ("./s", "a command: ./s; it reads PORT, or prints LISTENING itself"),
        ("fd:./s", "a command that inherits the listening socket: ./s"),
    ],
)
def test_each_form_of_target_is_described(text: str, said: str) -> None:
    assert describe(parse_target(text)) == said


@pytest.mark.parametrize(
    "text", [b"a;b", b"/a/", b"back\\", b"\\;", b"\x00\xff\r\n", "é'\"$`!".encode(), b"{line}"]
)
def test_text_in_a_set_option_round_trip(text: bytes) -> None:
    settings = parse_settings(f"one={literal(text)};two=2")
    assert settings == {"one": text, "two": b"2"}


@pytest.mark.parametrize(
    ("samples", "value"),
    [
        ([b"Hello\n"], r"Hello\n"),
        ([b"client 9\n", b"client 10\n"], r"/client \d+\n/"),
        ([b"Hi ann!\n", b"Hi bob!\n"], r"/Hi \w+!\n/"),
        ([b"12:00:01\n"] * 2, r"/[\d:.,]+\n/"),
        ([b"at 2026-01-02 from 10.0.0.1\n"], r"/at [\d/.-]+ from [\d.:a-f]+\n/"),
        ([b"No more.\n", b"A stitch\nin time.\n"], r"/(?s:.*)\.\n/"),
        ([b"\x00\x01\xfe", b"\x80\x02\x03"], None),
        ([b"\xff\xfd\x01"] * 2, r"\xff\xfd\x01"),
    ],
)
def test_different_samples_make_a_pattern(samples: list[bytes], value: str | None) -> None:
    assert value_of(samples) == value


@pytest.mark.parametrize(
    ("samples", "template"),
    [
        ([(b"Ab\n", b"Ab\n"), (b"Cd\r\n", b"Cd\r\n")], b"{data}"),
        ([(b"Ab\n", b"Ab\n"), (b"Cd\r\n", b"Cd\n")], b"{line}\n"),
        ([(b"Ab\n", b"AB\n!"), (b"Cd\n", b"CD\n!")], b"{DATA}!"),
        ([(b"Ab\n", b"3 of Ab"), (b"3 33\n", b"5 of 3 33")], b"{n} of {line}"),
        ([(b"Ab\n", b"ok"), (b"Cd\n", b"ok")], b"ok"),
        ([(b"Ab\n", b"bA\n"), (b"Cd\n", b"dC\n")], None),
    ],
)
def test_answers_make_a_template(
    samples: list[tuple[bytes, bytes]], template: bytes | None
) -> None:
    assert template_of(samples) == template


def test_upper_token() -> None:
    assert upper_token(b"{DATA}QUIT") == upper_token(b"{LINE}\nQUIT") == b"QUIT"
    assert upper_token(b"{DATA}") == b""
    assert upper_token(b"{DATA}QUIT\n") is None
    assert upper_token(b"{data}QUIT") is None


def test_count_template() -> None:
    assert count_template([(b"abc", b"3 (3)"), (b"", b"0 (3)")]) == b"{n} (3)"
    assert count_template([(b"abc", b"yes"), (b"", b"yes")]) is None


def test_doctor_reports_the_isolation_of_a_class(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('[targets.one]\ncommand = "inetd:cat"\n')
    done = conformance("doctor", f"@{tmp_path / 'one.toml'}#one")
    assert done.returncode == 0, done.stderr
    isolation, limits = done.stdout.splitlines()[-2:]
    assert re.fullmatch(r"isolation  (bubblewrap|podman|none: .+)", isolation)
    assert re.fullmatch(r"limits     .*memory and processes.*", limits)
