"""--expect: a script talks, as client and as listener."""

from __future__ import annotations

from pathlib import Path

from ..peer import connected, listening
from ..programs import listening_pync, pync


def written(folder: Path, text: str) -> str:
    (folder / "script").write_text(text)
    return str(folder / "script")


def test_a_login(tmp_path: Path) -> None:
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


def test_the_wrong_answer(tmp_path: Path) -> None:
    # The first line waits for the answer, however slow the machine is.
    script = written(tmp_path, 'expect "go "\nexpect "login: " 50ms\n')
    with listening() as server, pync("--expect", script, "127.0.0.1", server.port) as ours:
        server.accepts().says(b"go away\n")
        assert ours.rest() == b"go away\n"
        said = ours.ends(1)
        assert said.endswith(
            b'script:2: expected "login: " within 0.05 s; what came is "away\\n"\n'
        )


def test_a_script_that_makes_no_sense_connects_nowhere(tmp_path: Path) -> None:
    with pync("--expect", written(tmp_path, "shout\n"), "127.0.0.1", "1") as ours:
        assert b"script:1: unknown step 'shout'" in ours.ends(2)


def test_the_user_takes_over(tmp_path: Path) -> None:
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


def test_a_server_made_of_a_script(tmp_path: Path) -> None:
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
