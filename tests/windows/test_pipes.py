"""pync over named pipes, as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from .programs import PYNC, Program, pync

EVERY_BYTE = bytes(range(256))
LISTENING = rb"Listening on (\S+)"


def test_data_in_both_directions(name: str) -> None:
    with pync("-lv", f"pipe:{name}") as server:
        assert server.hears(LISTENING).group(1) == name.encode()
        with pync(rf"\\.\pipe\{name}") as client:
            client.write(EVERY_BYTE)
            server.shows(EVERY_BYTE)
            server.write(b"line\nline\r\n\x1a\0\xff")
            client.shows(b"line\nline\r\n\x1a\0\xff")
            server.process.kill()
            client.end_input()
            assert client.ends() == b""


def test_byte_pipe_stays_open_until_the_peer_ends(name: str) -> None:
    with pync("-lv", f"pipe:{name}") as server:
        server.hears(LISTENING)
        with pync("-q", "0.2", f"pipe:{name}") as client:
            client.write(b"question")
            client.end_input()
            server.shows(b"question")
            assert client.ends() == b""
            server.end_input()
            server.ends()


def test_messages_are_half_closed(name: str) -> None:
    # The listener answers after its client has ended.
    with pync("-lv", "--half-open", "--pipe-mode=message", f"pipe:{name}") as server:
        server.hears(LISTENING)
        with pync("--pipe-mode=message", f"pipe:{name}") as client:
            client.write(b"question")
            client.end_input()
            server.shows(b"question")
            server.write(b"answer after your end")
            client.shows(b"answer after your end")
            server.end_input()
            assert client.ends() == b""
            server.ends()


def test_each_message_is_a_line(name: str) -> None:
    with pync("-lv", "--pipe-mode=message", "--until=two", f"pipe:{name}") as server:
        server.hears(LISTENING)
        with pync("--pipe-mode=message", "--delimiter=\\n", f"pipe:{name}") as client:
            client.write(b"one\ntwo\nthree\n")
            server.ends()
            assert server.rest().startswith(b"onetwo")


def test_several_megabytes(name: str, tmp_path: os.PathLike[str]) -> None:
    sent = os.urandom(3 * 1024 * 1024)
    with pync("-lv", "--recv-only", f"pipe:{name}") as server:
        server.hears(LISTENING)
        with pync("--send-only", f"pipe:{name}") as client:
            client.write(sent)
            client.end_input()
            client.ends()
            server.ends()
            assert server.rest() == sent


def test_one_client_after_the_other(name: str) -> None:
    with pync("-lkv", f"pipe:{name}") as server:
        server.hears(LISTENING)
        for number in range(5):
            with pync("--send-only", f"pipe:{name}") as client:
                client.write(b"client %d\n" % number)
                client.end_input()
                client.ends()
            server.shows(b"client %d\n" % number)
        assert server.process.poll() is None


def test_second_client_waits_and_is_refused(name: str) -> None:
    with pync("-lv", f"pipe:{name}") as server:
        server.hears(LISTENING)
        with pync("-v", f"pipe:{name}") as client:
            client.hears(rb"succeeded")
            with pync("-w", "0.3", f"pipe:{name}") as second:
                assert second.ends(1) == f"pync: dial pipe:{name}: the pipe is busy\n".encode()


def test_missing_pipe_is_an_error() -> None:
    with pync("pipe:pync-nobody") as client:
        assert client.ends(1) == b"pync: dial pipe:pync-nobody: there is no such pipe\n"
    with pync("--exit-codes=detailed", "pipe:pync-nobody") as client:
        client.ends(4)


def test_retry_until_a_listener_exists(name: str) -> None:
    with pync("--retry=50:100ms", "--send-only", f"pipe:{name}") as client:
        client.write(b"at last")
        client.end_input()
        with pync("-l", f"pipe:{name}") as server:
            server.shows(b"at last")
            client.ends()


def test_peer_process_is_reported(name: str) -> None:
    with pync("-lv", f"pipe:{name}") as server:
        server.hears(LISTENING)
        with pync("-v", f"pipe:{name}") as client:
            said = server.hears(rb"At the other end of \S+ is process (\d+)")
            assert int(said.group(1)) == client.process.pid
            said = client.hears(rb"At the other end of \S+ is process (\d+)")
            assert int(said.group(1)) == server.process.pid


def test_events_as_json(name: str) -> None:
    with pync("-l", "--json", f"pipe:{name}") as server:
        server.hears(rb'"event": "listening"')
        with pync(f"pipe:{name}") as client:
            server.hears(rb'"event": "accepted"')
            client.process.kill()
            server.end_input()
            events = [json.loads(line) for line in server.ends().splitlines()]
    assert events[0]["address"] == f"pipe:{name}"
    assert {event["event"] for event in events} >= {"listening", "accepted", "peer_process"}


def test_killed_client_is_eof(name: str) -> None:
    with pync("-lv", f"pipe:{name}") as server:
        server.hears(LISTENING)
        with pync(f"pipe:{name}") as client:
            client.write(b"before")
            server.shows(b"before")
            client.process.kill()
            server.end_input()
            server.ends()


def test_killed_listener_is_eof(name: str) -> None:
    with pync("-lv", f"pipe:{name}") as server:
        server.hears(LISTENING)
        with pync(f"pipe:{name}") as client:
            client.write(b"x")
            server.shows(b"x")
            server.process.kill()
            client.end_input()
            client.ends()


def test_broker(name: str) -> None:
    with pync("-lv", "--chat", f"pipe:{name}") as server:
        server.hears(LISTENING)
        with pync(f"pipe:{name}") as one, pync(f"pipe:{name}") as two:
            two.write(b"are you there?\n")
            one.write(b"hello\n")
            server.hears(rb"Connection received.*\n(.*\n)*.*Connection received")
            one.write(b"hello again\n")
            two._await("stdout", lambda came: b"hello again" in came, "hello again")


def test_command_on_a_pipe(name: str) -> None:
    shout = f'"{sys.executable}" -c "import sys; print(sys.stdin.readline().upper())"'
    with pync("-lkv", f"--exec={shout}", f"pipe:{name}") as server:
        server.hears(LISTENING)
        for word in (b"one", b"two"):
            with pync(f"pipe:{name}") as client:
                client.write(word + b"\n")
                client.end_input()
                client.ends()
                assert client.rest().strip() == word.upper()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-z", "pipe:x"), b"pync: cannot use -z with pipe:x\n"),
        (("-u", "pipe:x"), b"pync: cannot use -u with pipe:x\n"),
        (("pipe:",), b"pync: 'pipe:': a name is missing\n"),
        (
            ("--pipe-mode=words", "pipe:x"),
            b"pync: --pipe-mode: 'words' is neither byte nor message\n",
        ),
        (("--pipe-access=user", "pipe:x"), b"pync: --pipe-access needs -l\n"),
        (
            ("-l", "--allow=1.2.3.4", "pipe:x"),
            b"pync: access lists are for hosts, and pipe:x has none\n",
        ),
    ],
)
def test_invalid_options(words: tuple[str, ...], said: bytes) -> None:
    with pync(*words) as program:
        assert program.ends(2) == said


def test_invalid_access_list(name: str) -> None:
    with pync("-l", "--pipe-access=me", f"pipe:{name}") as server:
        assert server.ends(1) == (
            f"pync: listen pipe:{name}: 'me' is not an access list (SDDL)\n".encode()
        )


def test_control_c_ends_a_listener(name: str) -> None:
    """It runs in its own console, because ^C goes to all programs that share one."""
    code = (
        "import ctypes, subprocess, sys, time\n"
        "k = ctypes.windll.kernel32\n"
        f"p = subprocess.Popen([sys.executable, '-m', 'pync', '-lv', 'pipe:{name}'],"
        " stderr=subprocess.PIPE)\n"
        "p.stderr.readline()\n"
        "k.SetConsoleCtrlHandler(None, True)\n"
        "k.GenerateConsoleCtrlEvent(0, 0)\n"
        "sys.exit(p.wait(30) & 0xff)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        creationflags=getattr(subprocess, "CREATE_NEW_CONSOLE", 0),
        timeout=60,
    )
    assert done.returncode == 130
    assert signal.SIGINT


def test_exit_while_no_input_arrives() -> None:
    """At that time the thread that reads standard input is still waiting."""
    with Program(*PYNC, "-l", "--accept-timeout=200ms", "127.0.0.1", "0") as server:
        assert server.ends(1).endswith(b": timed out\n")
