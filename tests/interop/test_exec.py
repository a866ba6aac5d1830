"""Commands behind connections: ncat and pync, in either dialect, with the same clients."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..peer import DEADLINE, connected, listening, mailbox
from ..programs import PYNC, Program, is_bound, needs, until

NCAT = (*PYNC, "--as=ncat")

#: Options of the command, what the client sends, what it then hears; theirs ends with the
#: client's FIN, whatever the command still had to say, so the client sends none.
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
        until(lambda: is_bound(port), "it to listen", program)
        with connected(port) as peer:
            peer.says(sent)
            peer.hears(expected)
        program.ends(None)
        return expected


@pytest.mark.parametrize("name", COMMANDS)
def test_a_listener_runs_a_command(name: str, port: int) -> None:
    assert heard(NCAT, name, port) == heard((needs("ncat"),), name, port)
    heard(tuple(PYNC), name, port)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_client_runs_a_command(name: str) -> None:
    options, sent, expected = COMMANDS[name]
    for command in (NCAT, (needs("ncat"),)):
        with listening() as server, Program(*command, *options, "127.0.0.1", server.port) as ours:
            peer = server.accepts()
            peer.says(sent)
            peer.hears(expected)
            peer.closes()
            ours.ends(None)


#: What a client that half-closes hears from ours, to the end.
HALF_CLOSED = {
    "cat": (bytes(range(256)) * 4096, bytes(range(256)) * 4096),
    "wc -c": (b"12345", b"5\n"),
    "true": (b"", b""),
}


@pytest.mark.parametrize("command", HALF_CLOSED)
def test_the_clients_end_is_the_end_of_the_commands_input(command: str, port: int) -> None:
    """Theirs leaves at the client's FIN, and the answer is lost."""
    sent, expected = HALF_CLOSED[command]
    with Program(*NCAT, "-l", "-e", command, "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "it to listen", ours)
        with connected(port) as peer, peer.saying(sent):
            assert peer.hears_rest() == expected
        ours.ends(0)


@pytest.mark.parametrize("whose", ["ncat", "pync"])
def test_each_udp_peer_has_a_command_of_its_own(whose: str, udp_port: int) -> None:
    command = (needs("ncat"),) if whose == "ncat" else NCAT
    counts = "n=0; while read line; do n=$((n+1)); echo $line $n; done"
    to = ("127.0.0.1", udp_port)
    words = ("-luk", "-c", counts, "127.0.0.1", str(udp_port))
    with Program(*command, *words) as program, mailbox() as one, mailbox() as other:
        for number in (1, 2):
            for word, box in ((b"one", one), (b"other", other)):
                # Theirs connects its socket to the peer, and binds another for the next.
                until(lambda: is_bound(udp_port, "udp"), "it to be bound", program)
                box.says(word + b"\n", to)
                box.hears(b"%s %d\n" % (word, number))


def test_both_of_two_commands_are_too_many() -> None:
    words = ["-e", "cat", "-c", "cat", "127.0.0.1", "1"]
    with Program(*NCAT, *words) as ours, Program(needs("ncat"), *words) as theirs:
        assert ours.ends(2) == theirs.ends(2)


# What is ours alone.


def test_all_clients_at_once(port: int) -> None:
    with ExitStack() as stack:
        ours = stack.enter_context(Program(*PYNC, "-lk", "-e", "cat", "127.0.0.1", str(port)))
        until(lambda: is_bound(port), "it to listen", ours)
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


def test_the_commands_status_is_ours(port: int) -> None:
    with Program(*PYNC, "-l", "-c", "exit 7", "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "it to listen", ours)
        with connected(port) as peer:
            peer.hears_end()
        ours.ends(7)


def test_a_command_that_is_not_there(port: int) -> None:
    with Program(*PYNC, "-l", "-e", "/no/such/thing", "127.0.0.1", str(port)) as ours:
        assert b"there is no command '/no/such/thing'" in ours.ends(2)


def test_a_command_that_cannot_be_run(port: int, tmp_path: Path) -> None:
    command = tmp_path / "command"
    command.write_text("#!/no/such/interpreter\n")
    command.chmod(0o755)
    with Program(*PYNC, "-l", "-e", str(command), "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "it to listen", ours)
        with connected(port) as peer:
            peer.hears_end()
        said = f"pync: exec {command}: no such file or directory\n"
        assert ours.ends(1) == said.encode()


def test_a_command_that_does_not_read_loses_no_answer(port: int) -> None:
    with Program(*PYNC, "-l", "-c", "exec 0<&-; echo all", "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "it to listen", ours)
        with connected(port) as peer, peer.saying(bytes(100_000)):
            assert peer.hears_rest() == b"all\n"
        ours.ends(0)


def test_a_listener_that_others_reach_says_so(port: int) -> None:
    with Program(*PYNC, "-l4", "-e", "cat", str(port)) as ours:
        ours.hears(rb"anyone who can connect to tcp://0.0.0.0:\d+ can run the command; ")


def test_a_child_that_stays_is_ended_with_us(port: int) -> None:
    sleeper = f"{sys.executable} -c 'import signal; print(1, flush=True); signal.pause()'"
    with Program(*PYNC, "-lk", "-e", sleeper, "127.0.0.1", str(port)) as ours:
        until(lambda: is_bound(port), "it to listen", ours)
        with connected(port) as peer:
            peer.hears(b"1\n")
            ours.process.terminate()
            ours.process.wait(DEADLINE)
            peer.hears_end()
