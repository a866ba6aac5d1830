"""Command lines of telnet, and of pync as telnet: equal output, messages and exit status."""

from __future__ import annotations

import subprocess

import pytest

from conformance.targets.ports import reserved_port

from ..peer import DEADLINE
from ..programs import PYNC, needs

OURS = [*PYNC, "--as=telnet"]


def both(words: list[str], typed: bytes = b"") -> list[subprocess.CompletedProcess[bytes]]:
    """Return the outcomes of telnet and of pync for the same input."""
    return [
        subprocess.run(
            [*command, *words], input=typed, capture_output=True, timeout=DEADLINE, check=False
        )
        for command in ([needs("telnet")], OURS)
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["--nope"],
        ["-Z"],
        ["-l"],
        ["-e"],
        ["--us"],
        ["--user"],
        ["a", "b", "c"],
        ["127.0.0.1", "no-such-service"],
        ["no-such-host.invalid", "1"],
        ["127.0.0.1", "99999"],
        ["-b", "no-such-host.invalid", "127.0.0.1", "1"],
        ["-4", "::1", "1"],
        ["-6", "127.0.0.1", "1"],
        ["-4", "-6", "127.0.0.1", "1"],
    ],
    ids=" ".join,
)
def test_failures(words: list[str]) -> None:
    theirs, ours = both(words)
    assert (ours.stdout, ours.stderr, ours.returncode) == (
        theirs.stdout,
        theirs.stderr,
        theirs.returncode,
    )


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["-b", "127.0.0.1"],
        ["-b", "192.0.2.1", "-b", "127.0.0.1"],
        ["-E"],
        ["-8"],
        ["-e", "^X"],
        ["-e", "aaa", "-e", "b"],
        ["-E", "-e", "x"],
        ["-e", "x", "-E"],
        ["-X", "a", "-X", "b"],
        ["-6", "-4"],
    ],
    ids=" ".join,
)
def test_refused(words: list[str]) -> None:
    needs("telnet")
    with reserved_port() as port:
        theirs, ours = both([*words, "127.0.0.1", str(port)])
    assert (ours.stdout, ours.stderr, ours.returncode) == (
        theirs.stdout,
        theirs.stderr,
        theirs.returncode,
    )


@pytest.mark.parametrize(
    "typed",
    [
        "status",
        "stat",
        "foo",
        "s",
        "close",
        "send ayt",
        "mode line",
        "? open",
        "? send",
        "? mode",
        "send ?",
        "toggle crlf",
        "toggle crlf\ntoggle crlf",
        "toggle crmod",
        "toggle autoflush",
        "toggle autosynch",
        "toggle localchars",
        "toggle autologin",
        "toggle nope",
        "set nope 1",
        "set escape ^A",
        "set escape x\nstatus",
        "set escape off",
        "unset escape",
        "display escape",
        "display echo",
        "display autoflush",
        "open 127.0.0.1 99999",
        "open no-such-host.invalid 1",
        "quit",
        "",
    ],
)
def test_commands_without_a_connection(typed: str) -> None:
    theirs, ours = both([], f"{typed}\nquit\n".encode())
    assert (ours.stdout, ours.stderr, ours.returncode) == (
        theirs.stdout,
        theirs.stderr,
        theirs.returncode,
    )
