"""Brokers with many clients: ncat, and pync in ncat's dialect, with the same clients."""

from __future__ import annotations

import re
import resource
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ..peer import DEADLINE, Peer, connected, mailbox
from ..programs import PYNC, Program, is_bound, needs, until

NCAT = (*PYNC, "--as=ncat")

#: The programs that the same clients connect to.
BOTH = ["ncat", "pync"]


def command(whose: str) -> tuple[str, ...]:
    return (needs("ncat"),) if whose == "ncat" else NCAT


@contextmanager
def room(port: int, *words: str, clients: int = 0) -> Iterator[tuple[Program, list[Peer]]]:
    """A listener with clients that it has accepted, one after another."""
    with ExitStack() as stack:
        program = stack.enter_context(Program(*words, "127.0.0.1", str(port)))
        until(lambda: is_bound(port), "the listener", program)
        peers = []
        for number in range(clients):
            peers.append(stack.enter_context(connected(port)))
            if "-v" in words:
                program.hears(rb"(?s)(Ncat: Connection from [\d.]+:\d+.*){%d}" % (number + 1))
        yield program, peers


# Data of one client is relayed to the others.


@pytest.mark.parametrize("whose", BOTH)
@pytest.mark.parametrize("size", [1, 100, 30_000])
def test_data_is_relayed_to_all_others(whose: str, size: int, port: int) -> None:
    with room(port, *command(whose), "-l", "-v", "--broker", clients=4) as (_, peers):
        for number, speaker in enumerate(peers):
            said = bytes([65 + number]) * size
            speaker.says(said)
            for peer in peers:
                if peer is not speaker:
                    peer.hears(said)
        for peer in peers:
            assert peer.has_heard_nothing()


@pytest.mark.parametrize("whose", BOTH)
def test_input_is_sent_to_all(whose: str, port: int) -> None:
    for option in ("--broker", "-k"):
        with room(port, *command(whose), "-l", "-v", option, clients=3) as (program, peers):
            program.write(b"hello\n")
            for peer in peers:
                peer.hears(b"hello\n")


@pytest.mark.parametrize("whose", BOTH)
@pytest.mark.parametrize("kind", ["--broker", "--chat"])
def test_receive_only_broker_relays_nothing(whose: str, kind: str, port: int) -> None:
    with room(port, *command(whose), "-l", "-v", kind, "--recv-only", clients=3) as (_, peers):
        peers[0].says(b"hello\n")
        peers[0].half_closes()
        # When its connection has been closed, its data has been read.
        assert peers[0].hears_rest() == b""
        assert peers[1].has_heard_nothing()
        assert peers[2].has_heard_nothing()


@pytest.mark.parametrize("whose", BOTH)
def test_input_of_a_chat_has_a_name_too(whose: str, port: int) -> None:
    with room(port, *command(whose), "-l", "-v", "--chat", clients=1) as (program, peers):
        program.write(b"hello\nworld\n")
        heard = b""
        while not heard.endswith(b"world\n"):
            heard += peers[0].sock.recv(4096)
        assert b"<user0> hello\n" in heard


@pytest.mark.parametrize("whose", BOTH)
def test_without_a_broker_all_data_is_shown_and_none_is_relayed(whose: str, port: int) -> None:
    with room(port, *command(whose), "-l", "-v", "-k", clients=3) as (program, peers):
        for number, peer in enumerate(peers):
            peer.says(b"%d" % number)
            assert program.read(1) == b"%d" % number
        assert all(peer.has_heard_nothing() for peer in peers)


@pytest.mark.parametrize("whose", BOTH)
def test_end_of_input_ends_all_clients(whose: str, port: int) -> None:
    with room(port, *command(whose), "-l", "-v", "-k", clients=2) as (program, peers):
        program.write(b"bye\n")
        program.end_input()
        for peer in peers:
            assert peer.hears_rest() == b"bye\n"


def test_clients_are_still_read_after_the_end_of_input(port: int) -> None:
    with room(port, *NCAT, "-l", "-v", "-k", clients=2) as (program, peers):
        program.end_input()
        for peer in peers:
            peer.hears_end()
        peers[1].says(b"still heard")
        assert program.read(11) == b"still heard"
        with connected(port) as late:
            late.hears_end()


@pytest.mark.parametrize("whose", BOTH)
@pytest.mark.parametrize("how", ["closes", "resets", "half_closes"])
def test_closed_client_does_not_affect_others(whose: str, how: str, port: int) -> None:
    with room(port, *command(whose), "-l", "-v", "--broker", clients=3) as (_, peers):
        getattr(peers[0], how)()
        peers[1].says(b"still here")
        peers[2].hears(b"still here")


CHAT = [
    [b"hello\n"],
    [b"\x1b[2J\x07\x00\x7f\n"],
    [b"a\tb\n"],
    [b"\xff\xfe\n"],
    [b"one\n", b"two\n", b"three\n"],
]


def chatting(words: tuple[str, ...], said: list[bytes], port: int) -> list[bytes]:
    """Return what two users see when a third one joins, writes and leaves; without ports."""
    with room(port, *words, "-l", "--chat") as (_, _), ExitStack() as stack:
        users: list[Peer] = []
        read = [b"", b"", b""]

        def hear(index: int, text: bytes) -> None:
            while text not in read[index]:
                read[index] += users[index].sock.recv(4096)

        for number in range(3):
            users.append(stack.enter_context(connected(port)))
            for index in range(number + 1):
                until_lines = 2 * (number - index + 1)
                while read[index].count(b"\n") < until_lines:
                    read[index] += users[index].sock.recv(4096)
        for line in said:
            before = [part.count(b"\n") for part in read]
            users[2].says(line)
            for index in range(2):
                while read[index].count(b"\n") == before[index]:
                    read[index] += users[index].sock.recv(4096)
        users[2].closes()
        for index in range(2):
            hear(index, b"is disconnected.\n")
        text = b"\n--\n".join(read)
        # The first client reads its own announcement, then the others': number them in this order.
        for age, number in enumerate(dict.fromkeys(re.findall(rb"<user\d+>", text))):
            text = text.replace(number, b"<%c>" % (97 + age))
        return [re.sub(rb"127.0.0.1:\d+", b"127.0.0.1", line) for line in text.split(b"\n")]


@pytest.mark.parametrize("said", CHAT)
def test_chat_messages_are_equal(said: list[bytes], port: int) -> None:
    ours = chatting(NCAT, said, port)
    assert ours == chatting((needs("ncat"),), said, port)
    assert len(ours) > 8


# Access lists.

#: Options -> whether 127.0.0.1 is allowed.
LISTS = {
    "--allow 127.0.0.1": True,
    "--allow 10.0.0.0/8": False,
    "--allow 127.0.0.0/8": True,
    "--allow 10.0.0.1,127.0.0.1": True,
    "--allow 127.0-3.*.1": True,
    "--allow 127.1-3.*.1": False,
    "--allow 127.0.0.-5": True,
    "--allow ::1": False,
    "--allow 0.0.0.0/0": True,
    "--allow localhost": True,
    "--deny 127.0.0.1": False,
    "--deny 127.0.0.2": True,
    "--deny 127.0.0.0/31": False,
    "--deny fe80::/10": True,
    "--deny localhost": False,
    "--allow 127.0.0.1 --deny 127.0.0.0/8": False,
    "--allow 127.0.0.0/8 --deny 127.0.0.1": False,
    "--allow 127.0.0.0/8 --deny 127.0.0.2": True,
    "--deny 127.0.0.1 --deny 127.0.0.2": False,
    "--deny 127.0.0.2 --deny 127.0.0.3": True,
    "--allow 127.0.0.1 --allow 127.0.0.2": True,
    "--allow 127.0.0.1 --deny 127.0.0.1 --deny 127.0.0.2": False,
    "--deny 10.0.0.5 --denyfile HOSTS --denyfile EMPTY": False,
    "--allow 10.0.0.2 --allowfile HOSTS --allowfile EMPTY": True,
    "--allowfile HOSTS": True,
    "--denyfile HOSTS": False,
}


@pytest.mark.parametrize("whose", BOTH)
@pytest.mark.parametrize("lists", LISTS)
def test_access_lists(whose: str, lists: str, port: int, tmp_path: Path) -> None:
    hosts, empty = tmp_path / "hosts", tmp_path / "empty"
    hosts.write_text("10.0.0.1\n127.0.0.0/8\n")
    empty.write_text("10.9.9.9")
    words = lists.replace("HOSTS", str(hosts)).replace("EMPTY", str(empty)).split()
    with room(port, *command(whose), "-lkv", *words) as (program, _), connected(port) as peer:
        if LISTS[lists]:
            peer.says(b"x")
            assert program.read(1) == b"x"
            return
        peer.hears_end()
        program.hears(
            rb"Connection from 127\.0\.0\.1:\d+\.\nNcat: New connection denied: not allow"
        )


WRONG = [
    "-l --allow no-such.invalid",
    "-l --allow 1.2.3.4/99",
    "-l --deny 1.2.3.300",
    "-l --deny ::1/129",
    "-l --allowfile /nope/nope",
    "-l --denyfile /nope/nope",
    "-lU --broker",
    "-l --broker -e cat",
    "-l --chat -c cat",
    "-m 3",
    "-lz --broker",
]


@pytest.mark.parametrize("words", WRONG)
def test_invalid_options(words: str, port: int) -> None:
    said = []
    for program in ((needs("ncat"),), NCAT):
        argv = [*program, *words.split(), "127.0.0.1", str(port)]
        if "-lU" in words:
            argv.pop()
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE)
        said.append((done.returncode, done.stdout, done.stderr))
    assert said[0] == said[1]


@pytest.mark.parametrize("whose", BOTH)
@pytest.mark.parametrize("mode", [["-k"], ["--broker"], ["-k", "-e", "/bin/cat"]])
def test_no_more_clients_than_allowed(whose: str, mode: list[str], port: int) -> None:
    words = [*command(whose), "-l", "-v", "-m", "2", *mode]
    with room(port, *words, clients=2) as (program, _), connected(port) as third:
        third.hears_end()
        program.hears(rb"Ncat: New connection denied: connection limit reached \(2\)\n")


# Features of pync only.


def test_denied_datagram_is_dropped(udp_port: int) -> None:
    words = ["-lu", "--deny", "127.0.0.2", "127.0.0.1", str(udp_port)]
    with Program(*PYNC, *words) as ours, mailbox("127.0.0.2") as bad, mailbox() as good:
        until(lambda: is_bound(udp_port, "udp"), "the socket to be bound", ours)
        bad.says(b"bad", ("127.0.0.1", udp_port))
        good.says(b"good", ("127.0.0.1", udp_port))
        assert ours.read(4) == b"good"


def test_denied_client_does_not_take_a_place(port: int) -> None:
    """ncat closes the listener first, and then waits forever."""
    import socket

    with room(port, *PYNC, "-l", "-d", "--deny", "127.0.0.2") as (ours, _):
        with socket.create_connection(("127.0.0.1", port), DEADLINE, ("127.0.0.2", 0)) as denied:
            assert denied.recv(1) == b""
        with connected(port) as peer:
            peer.says(b"x")
            peer.half_closes()
            assert ours.rest() == b"x"
        ours.ends(0)


def test_many_clients(port: int) -> None:
    needed = 600
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < needed + 100:
        pytest.skip("too few descriptors (ulimit -n)")
    with room(port, *PYNC, "-l", "-d", "--broker") as (_, _), ExitStack() as stack:
        peers = [stack.enter_context(connected(port)) for _ in range(needed)]
        # All are connected when the last client's text has reached the first, and the reverse.
        peers[-1].says(b"a")
        for peer in peers[:-1]:
            peer.hears(b"a")
        peers[0].says(b"b")
        for peer in peers[1:]:
            peer.hears(b"b")


def test_client_that_does_not_read_is_disconnected_without_delaying_others(port: int) -> None:
    with room(port, *PYNC, "-lv", "-d", "--broker") as (ours, _), ExitStack() as stack:
        speaker, reader, deaf = (stack.enter_context(connected(port)) for _ in range(3))
        ours.hears(rb"(?s)(Connection received.*){3}")
        piece = bytes(1 << 20)
        for _ in range(40):
            speaker.says(piece)
            reader.hears(piece)
        ours.hears(rb"too slow: \d+ bytes wait for it\n")
        speaker.says(b"on")
        reader.hears(b"on")
        assert deaf.sock.fileno() != -1


def test_only_a_silent_client_is_disconnected(port: int) -> None:
    with room(port, *PYNC, "-l", "-d", "--broker", "--idle-timeout=500ms") as (ours, _):
        with connected(port) as silent:
            silent.hears_end()
        ours.hears(rb"idle for 0\.5 s\n")
        with connected(port) as one, connected(port) as other:
            one.says(b"x")
            other.hears(b"x")
        assert ours.process.poll() is None


def test_broker_waits_for_free_descriptors(port: int) -> None:
    few = ["sh", "-c", 'ulimit -n 16; exec "$@"', "sh"]
    argv = [*few, *PYNC, "-l", "-d", "--broker", "127.0.0.1", str(port)]
    ours = subprocess.Popen(argv, stderr=subprocess.PIPE)
    try:
        until(lambda: is_bound(port), "the listener")
        with ExitStack() as stack:
            peers = [stack.enter_context(connected(port)) for _ in range(40)]
            peers[0].says(b"x")
            peers[1].hears(b"x")
            for peer in peers[:20]:
                peer.closes()
            for peer in peers[20:]:
                peer.says(b"y")
            peers[39].closes()
        with connected(port) as one, connected(port) as other:
            one.says(b"z")
            heard = b""
            while b"z" not in heard:
                piece = other.sock.recv(100)
                assert piece, heard
                heard += piece
    finally:
        ours.kill()
        ours.communicate()


@pytest.mark.parametrize("whose", BOTH)
def test_reader_of_the_output_has_exited(whose: str, port: int) -> None:
    with room(port, *command(whose), "-lk", clients=1) as (program, peers):
        program.stops_reading()
        peers[0].says(b"x")
        assert program.ends(2).endswith(b"write: Broken pipe\n")


def test_thousand_reads_of_one_client_are_in_order(port: int) -> None:
    said = b"".join(b"%d\n" % number for number in range(200_000))
    with room(port, *PYNC, "-lv", "-d", "--broker") as (ours, _):
        with connected(port) as one, connected(port) as other:
            ours.hears(rb"(?s)(Connection received.*){2}")
            with one.saying(said):
                other.hears(said)


def test_client_without_pauses_does_not_delay_others(port: int) -> None:
    """The output queue is bounded, and the other clients' data gets its turn."""
    size, step = 64 << 20, 1 << 20
    with room(port, *NCAT, "-lkv", "--recv-only") as (ours, _):
        with connected(port) as loud, connected(port) as quiet:
            ours.hears(rb"(?s)(Connection from.*){2}")
            with loud.saying(bytes(size)):
                shown = ours.read(8 * step)
                for _ in range(3):
                    quiet.says(b"ping")
                    said_at = len(shown)
                    while b"ping" not in shown[said_at:]:
                        shown += ours.read(step)
                    assert len(shown) - said_at <= 4 * step
                shown += ours.read(size + 3 * len(b"ping") - len(shown))
    assert shown.count(b"ping") == 3


def test_silent_client_before_tls_does_not_delay_others(port: int) -> None:
    pytest.importorskip("cryptography")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with room(port, *PYNC, "-lv", "-d", "--broker", "--ssl") as (ours, _), ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(connected(port))
        plain = [stack.enter_context(connected(port)) for _ in range(2)]
        one, other = (stack.enter_context(context.wrap_socket(peer.sock)) for peer in plain)
        ours.hears(rb"(?s)(Connection received.*){2}")
        one.sendall(b"x" * 100_000)
        got = b""
        while len(got) < 100_000:
            piece = other.recv(100_000)
            assert piece, f"{len(got)} bytes, then the end"
            got += piece
        assert got == b"x" * 100_000
