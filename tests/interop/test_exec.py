"""Commands for connections (--exec): ncat, and pync in both dialects, with the same clients."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..peer import DEADLINE, connected, listening, mailbox
from ..programs import PYNC, Program, is_bound, needs, until

NCAT = (*PYNC, "--as=ncat")

#: Options of the command, what the client sends, what it then receives. ncat exits at the
#: client's FIN, even with unsent output of the command, so the client sends no FIN.
COMMANDS: dict[str, tuple[list[str], bytes, bytes]] = {
    "echo": (["-e", "/bin/cat"], b"hello\n", b"hello\n"),
    "shell": (["-c", "read line; echo got $line"], b"x y\nmore", b"got x y\n"),
    "arguments": (["-e", "/bin/echo a b  c"], b"", b"a b c\n"),
    "no shell": (["-e", "/bin/echo $HOME ; x"], b"", b"$HOME ; x\n"),
    "environment": (
        ["-c", "echo $NCAT_PROTO $NCAT_REMOTE_ADDR $NCAT_LOCAL_ADDR"],
        b"",
        b"TCP 127.0.0.1 127.0.0.1\n",
    ),
    "long names": (["--sh-exec", "read line; echo $line; echo end"], b"1\n", b"1\nend\n"),
    "stderr stays": (["-c", "echo out; echo err >&2"], b"", b"out\n"),
    "much": (["-c", "head -c 1000000 /dev/zero"], b"", bytes(1_000_000)),
}


def heard(command: tuple[str, ...], name: str, port: int) -> bytes:
    options, sent, expected = COMMANDS[name]
    with Program(*command, "-l", *options, "127.0.0.1", str(port)) as program:
        until(lambda: is_bound(port), "the listener", program)
        with connected(port) as peer:
            peer.says(sent)
            peer.hears(expected)
        program.ends(None)
        return expected


@pytest.mark.parametrize("name", COMMANDS)
def test_listener_runs_a_command(name: str, port: int) -> None:
    assert heard(NCAT, name, port) == heard((needs("ncat"),), name, port)
    heard(tuple(PYNC), name, port)


@pytest.mark.parametrize("name", COMMANDS)
def test_client_runs_a_command(name: str) -> None:
    options, sent, expected = COMMANDS[name]
    for command in (NCAT, (needs("ncat"),)):
        with listening() as server, Program(*command, *options, "127.0.0.1", server.port) as ours:
            peer = server.accepts()
            peer.says(sent)
            peer.hears(expected)
            peer.closes()
            ours.ends(None)


#: What a client that half-closes receives from pync, to the end.
HALF_CLOSED = {
    "cat": (bytes(range(256)) * 4096, bytes(range(256)) * 4096),
    "wc -c": (b"12345", b"5\n"),
    "true": (b"", b""),
}


@pytest.mark.parametrize("command", HALF_CLOSED)
def test_client_fin_ends_the_input_of_the_command(command: str, port: int) -> None:
    """ncat exits at the client's FIN, and the answer is lost."""
    sent, expected = HALF_CLOSED[command]
    with Program(*NCAT, "-l", "-e", command, "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "the listener", ours)
        with connected(port) as peer, peer.saying(sent):
            assert peer.hears_rest() == expected
        ours.ends(0)


@pytest.mark.parametrize("whose", ["ncat", "pync"])
def test_each_udp_peer_has_its_own_command(whose: str, udp_port: int) -> None:
    command = (needs("ncat"),) if whose == "ncat" else NCAT
    counts = "n=0; while read line; do n=$((n+1)); echo $line $n; done"
    to = ("127.0.0.1", udp_port)
    words = ("-luk", "-c", counts, "127.0.0.1", str(udp_port))
    with Program(*command, *words) as program, mailbox() as one, mailbox() as other:
        for number in (1, 2):
            for word, box in ((b"one", one), (b"other", other)):
                # ncat connects its socket to the peer, and binds another one for the next peer.
                until(lambda: is_bound(udp_port, "udp"), "the socket to be bound", program)
                box.says(word + b"\n", to)
                box.hears(b"%s %d\n" % (word, number))


def test_two_commands_are_refused() -> None:
    words = ["-e", "cat", "-c", "cat", "127.0.0.1", "1"]
    with Program(*NCAT, *words) as ours, Program(needs("ncat"), *words) as theirs:
        assert ours.ends(2) == theirs.ends(2)


# Features of pync only.


def test_all_clients_at_once(port: int) -> None:
    with ExitStack() as stack:
        ours = stack.enter_context(Program(*PYNC, "-lk", "-e", "cat", "127.0.0.1", str(port)))
        until(lambda: is_bound(port), "the listener", ours)
        peers = [stack.enter_context(connected(port)) for _ in range(20)]
        for number, peer in enumerate(peers):
            peer.says(b"%d\n" % number)
        for number, peer in reversed(list(enumerate(peers))):
            peer.hears(b"%d\n" % number)
        for peer in peers[:10]:
            peer.half_closes()
            peer.hears_end()
        peers[10].resets()
        peers[11].says(b"still here")
        peers[11].hears(b"still here")
        ours.process.terminate()
        ours.process.wait(DEADLINE)


def test_pync_exits_with_the_status_of_the_command(port: int) -> None:
    with Program(*PYNC, "-l", "-c", "exit 7", "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "the listener", ours)
        with connected(port) as peer:
            peer.hears_end()
        ours.ends(7)


def test_missing_command(port: int) -> None:
    with Program(*PYNC, "-l", "-e", "/no/such/thing", "127.0.0.1", str(port)) as ours:
        assert b"there is no command '/no/such/thing'" in ours.ends(2)


def test_command_that_cannot_be_run(port: int, tmp_path: Path) -> None:
    command = tmp_path / "command"
    command.write_text("#!/no/such/interpreter\n")
    command.chmod(0o755)
    with Program(*PYNC, "-l", "-e", str(command), "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "the listener", ours)
        with connected(port) as peer:
            peer.hears_end()
        said = f"pync: exec {command}: no such file or directory\n"
        assert ours.ends(1) == said.encode()


def test_answer_of_a_command_that_does_not_read(port: int) -> None:
    with Program(*PYNC, "-l", "-c", "exec 0<&-; echo all", "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "the listener", ours)
        with connected(port) as peer, peer.saying(bytes(100_000)):
            assert peer.hears_rest() == b"all\n"
        ours.ends(0)


def test_listener_on_all_addresses_warns(port: int) -> None:
    with Program(*PYNC, "-l4", "-e", "cat", str(port)) as ours:
        ours.hears(rb"anyone who can connect to tcp://0.0.0.0:\d+ can run the command; ")


def test_child_that_keeps_running_is_stopped_with_pync(port: int) -> None:
    sleeper = f"{sys.executable} -c 'import signal; print(1, flush=True); signal.pause()'"
    with Program(*PYNC, "-lk", "-e", sleeper, "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "the listener", ours)
        with connected(port) as peer:
            peer.hears(b"1\n")
            ours.process.terminate()
            ours.process.wait(DEADLINE)
            peer.hears_end()
