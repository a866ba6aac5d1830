"""--expect: a script runs the dialogue, as client and as listener."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pync.core.script import _VERBS

from ..peer import connected, listening
from ..programs import listening_pync, pync


def written(folder: Path, text: str) -> str:
    (folder / "script").write_text(text)
    return str(folder / "script")


def test_login(tmp_path: Path) -> None:
    script = written(
        tmp_path, 'expect "login: "\nsend "joe\\r\\n"\nexpect /^welcome (joe|jane)/\neof\nend\n'
    )
    with listening() as server, pync("--expect", script, "127.0.0.1", server.port) as ours:
        peer = server.accepts()
        peer.says(b"log")
        peer.says(b"in: ")
        peer.hears(b"joe\r\n")
        peer.says(b"\r\nwelcome joe\r\n")
        peer.hears_end()
        peer.closes()
        assert ours.rest() == b"login: \r\nwelcome joe\r\n"
        ours.ends(0)


def test_unexpected_answer_fails(tmp_path: Path) -> None:
    # The first script line waits for the answer, however slow the machine is.
    script = written(tmp_path, 'expect "go "\nexpect "login: " 50ms\n')
    with listening() as server, pync("--expect", script, "127.0.0.1", server.port) as ours:
        server.accepts().says(b"go away\n")
        assert ours.rest() == b"go away\n"
        said = ours.ends(1)
        assert said.endswith(
            b'script:2: expected "login: " within 0.05 s; what came is "away\\n"\n'
        )


def test_invalid_script_does_not_connect(tmp_path: Path) -> None:
    with pync("--expect", written(tmp_path, "shout\n"), "127.0.0.1", "1") as ours:
        assert b"script:1: unknown step 'shout'" in ours.ends(2)


def test_user_takes_over(tmp_path: Path) -> None:
    script = written(tmp_path, 'expect "? "\nsend "yes\\n"\ninteract\n')
    with listening() as server, pync("--expect", script, "127.0.0.1", server.port) as ours:
        peer = server.accepts()
        peer.says(b"sure? ")
        peer.hears(b"yes\n")
        ours.write(b"hello\n")
        peer.hears(b"hello\n")
        peer.closes()
        ours.end_input()
        ours.ends(0)


def test_server_script(tmp_path: Path) -> None:
    script = written(
        tmp_path, 'send "220 ready\\r\\n"\nexpect "QUIT\\r\\n"\nsend "221 bye\\r\\n"\n'
    )
    ours, port = listening_pync("-k", "--expect", script)
    with ours:
        for _ in range(2):
            with connected(port) as client:
                client.hears(b"220 ready\r\n")
                client.says(b"QUIT\r\n")
                client.hears(b"221 bye\r\n")
                client.hears_end()


def test_reset_in_each_direction(tmp_path: Path) -> None:
    script = written(tmp_path, 'exact\nexpect "go\\n"\nreset\n')
    with listening() as server, pync("--expect", script, "127.0.0.1", server.port) as ours:
        peer = server.accepts()
        peer.says(b"go\n")
        assert peer.is_reset()
        ours.ends(0)
    script = written(tmp_path, 'exact\nsend "go\\n"\nexpect-reset\n')
    with listening() as server, pync("--expect", script, "127.0.0.1", server.port) as ours:
        peer = server.accepts()
        peer.hears(b"go\n")
        peer.resets()
        ours.ends(0)


GUIDE = (Path(__file__).parents[2] / "docs" / "expect.md").read_text(encoding="utf-8")
LOGIN, SMTP = re.findall(r"```expect\n(.*?)```", GUIDE, re.DOTALL)
PLAYED = re.findall(r"```expect play\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("script", PLAYED)
def test_dialogues_of_the_guide(script: str, tmp_path: Path) -> None:
    with (
        listening() as server,
        pync("--expect", written(tmp_path, script), "127.0.0.1", server.port) as ours,
    ):
        peer = server.accepts()
        peer.says(b"+OK ready <1@host>\r\n")
        command = b"NOOP x\r\n" if script.startswith("exact") else b"NOOP <1@host>\r\n"
        peer.hears(command)
        peer.says(b"+OK\r\n")
        peer.closes()
        ours.ends(0)


def test_guide_names_every_step() -> None:
    table = GUIDE.partition("## Steps")[2].partition("## Terms")[0]
    named = set(re.findall(r"^\| `([a-z-]+)", table, re.MULTILINE))
    assert named == {*_VERBS, "timeout"}


def test_syntax_error_of_the_guide(tmp_path: Path) -> None:
    script = written(tmp_path, '\n\nawait "x"\n')
    (shown,) = re.findall(r"router\.txt(:3: unknown step .*)\n", GUIDE)
    with pync("--expect", script, "127.0.0.1", "1") as ours:
        assert ours.ends(2).decode().endswith(f"{shown}\n")


def test_login_of_the_guide(tmp_path: Path) -> None:
    with listening() as server:
        options = ("--expect", written(tmp_path, LOGIN), "127.0.0.1", server.port, "-t")
        with pync(*map(str, options)) as ours:
            peer = server.accepts()
            for said, answer in (
                (b"router login: ", b"admin\r\n"),
                (b"\r\nPassword:", b"secret\r\n"),
                (b"\r\nedge7# ", b"write memory\r\n"),
                (b"Building ...\r\n[OK]\r\nedge7# ", b"exit\r\n"),
            ):
                peer.says(said)
                peer.hears(answer)
            peer.closes()
            ours.ends(0)


def test_failure_of_the_guide(tmp_path: Path) -> None:
    # Only the step that fails has little time.
    script = written(tmp_path, LOGIN.replace("assword: ?$/ ", "assword: ?$/ 50ms "))
    with listening() as server, pync("--expect", script, "127.0.0.1", str(server.port)) as ours:
        peer = server.accepts()
        peer.says(b"login: ")
        peer.hears(b"admin\r\n")
        peer.says(b"Login incorrect\r\n")
        assert ours.rest() == b"login: Login incorrect\r\n"
        (shown,) = re.findall(r"router\.txt(:5: expected .*)\n", GUIDE)
        assert ours.ends(1).decode().endswith(shown.replace("5 s", "0.05 s") + "\n")


def test_listener_of_the_guide(tmp_path: Path) -> None:
    ours, port = listening_pync("--expect", written(tmp_path, SMTP))
    with ours, connected(port) as client:
        client.hears(b"220 ready\r\n")
        client.says(b"EHLO me\r\n")
        client.hears(b"250 hello\r\n")
        client.says(b"QUIT\r\n")
        client.hears(b"221 bye\r\n")
        client.hears_end()
        client.closes()
        ours.ends(0)
