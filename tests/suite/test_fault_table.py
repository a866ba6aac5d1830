"""Each fault of the table: how it changes a correct server's traffic, and when it has acted."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from conformance.faults import FAULTS, LAWFUL, Proxy, faulty
from conformance.faults.moot import Service, moot
from conformance.targets.address import TCP, UDP, Address

from ..programs import until

ABORT = struct.pack("ii", 1, 0)
DEADLINE = 5.0

#: Seconds to wait for data that must not come.
NOTHING = 0.3

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="what is judged through a proxy needs poll(2)"
)


class Client:
    """A client that describes each answer, end and silence by a word."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(DEADLINE)

    def says(self, data: bytes) -> Client:
        self.sock.sendall(data)
        return self

    def ends(self) -> Client:
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def resets(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.sock.close()

    def hears(self, *expected: bytes | str) -> None:
        """Check that one of these comes next: bytes and then a pause, an end, or nothing."""
        data = b""
        try:
            while True:
                more = any(isinstance(one, bytes) and one != data for one in expected)
                # On a busy machine the awaited data may be late.
                patient = more or not ("nothing" in expected or data)
                self.sock.settimeout(DEADLINE if patient else NOTHING)
                piece = self.sock.recv(65536)
                if not piece:
                    break
                data += piece
                if not any(isinstance(one, bytes) and one.startswith(data) for one in expected):
                    break
        except TimeoutError:
            assert (data or "nothing") in expected
            return
        except ConnectionError:
            assert (data or "RST") in expected
            return
        assert (data or "FIN") in expected


class World:
    """A correct server of lines, the proxy with the fault before it, and its clients."""

    def __init__(self, stack: ExitStack, proxy: Proxy) -> None:
        self._stack = stack
        self.proxy = proxy

    def client(self) -> Client:
        address = self.proxy.address
        sock = socket.create_connection((address.host, address.port), DEADLINE)
        return Client(self._stack.enter_context(sock))

    @property
    def has_acted(self) -> bool:
        return self.proxy.acted > 0

    def acts(self) -> None:
        """Wait until the fault has acted: its only effect may be that nothing comes."""
        until(lambda: self.has_acted, "the fault has acted")


def upper(conn: socket.socket) -> None:
    """Answer each line in upper case, and end at FIN; ``die`` resets, ``quit`` ends."""
    with conn, conn.makefile("rb") as lines:
        for line in lines:
            if line == b"die\n":
                conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
                return
            if line == b"quit\n":
                return
            conn.sendall(line.upper())


def greeting(conn: socket.socket) -> None:
    """Send a greeting, and then do the same."""
    conn.sendall(b"Hello\n")
    upper(conn)


def greets_and_ends(conn: socket.socket) -> None:
    """Send a greeting, and end."""
    with conn:
        conn.sendall(b"Hello\n")


Serve = Callable[[socket.socket], None]


@contextmanager
def world(fault: str, serve: Serve = upper) -> Iterator[World]:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        threads: list[threading.Thread] = []

        def run() -> None:
            while True:
                try:
                    conn, _ = listener.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=quietly, args=(serve, conn)))
                threads[-1].start()

        thread = threading.Thread(target=run)
        thread.start()

        @stack.callback
        def stop() -> None:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for one in threads:
                one.join()

        upstream = Address(TCP, "127.0.0.1", listener.getsockname()[1])
        yield World(stack, stack.enter_context(faulty(upstream, fault)))


def quietly(serve: Serve, conn: socket.socket) -> None:
    try:
        serve(conn)
    except OSError:
        conn.close()


#: The fault, what a client sends, what it receives.
ANSWERS: list[tuple[str, bytes, bytes | str]] = [
    ("last-byte-lost", b"abc\n", b"ABC"),
    ("line-end-lost", b"abc\n", b"ABC"),
    ("line-end-lost", b"abc\r\n", b"ABC"),
    ("answer-twice", b"abc\n", b"ABC\nABC\n"),
    ("answer-late", b"abc\n", "nothing"),
    ("letters-changed", b"abc 1\n", b"abc 1\n"),
    ("blanks-stripped", b" abc \r\n", b"ABC\r\n"),
    ("cr-stripped", b"abc\r\n", b"ABC\n"),
    ("cr-added", b"abc\n", b"ABC\r\n"),
    ("line-added", b"abc\n", b"ABC\n\n"),
    ("nul-added", b"abc\n", b"ABC\n\0"),
    ("padded", b"abc\n", b"ABC\n".ljust(1024, b"\0")),
    ("high-bytes-mangled", b"\xc3\xa9\n", b"??\n"),
    ("cut-at-nul", b"a\0b\n", b"A"),
    ("cut-at-1k", b"a" * 2000 + b"\n", b"A" * 1024),
    ("cut-at-4k", b"a" * 5000 + b"\n", b"A" * 4096),
    ("cut-at-64k", b"a" * 70000 + b"\n", b"A" * 65536),
    ("answers-swapped", b"one\ntwo\n", b"TWO\nONE\n"),
    ("first-line-only", b"one\ntwo\n", b"ONE\n"),
    ("segment-is-line", b"half", b"HALF\n"),
    ("input-cut-at-1k", b"a" * 2000 + b"\n", "nothing"),
    ("held-until-fin", b"abc\n", "nothing"),
]


@pytest.mark.parametrize(("fault", "said", "heard"), ANSWERS)
def test_answer_is_changed(fault: str, said: bytes, heard: bytes | str) -> None:
    with world(fault) as found:
        found.client().says(said).hears(heard)
        found.acts()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("cr-stripped", b"abc\n"),
        ("cr-added", b"abc\r\n"),
        ("letters-changed", b"123\n"),
        ("blanks-stripped", b"abc\n"),
        ("high-bytes-mangled", b"abc\n"),
        ("cut-at-nul", b"abc\n"),
        ("cut-at-1k", b"abc\n"),
        ("answers-swapped", b"same\nsame\n"),
        ("answers-swapped", b"abc\n"),
        ("first-line-only", b"abc\n"),
        ("segment-is-line", b"abc\n"),
        ("shared-buffer", b"abc\n"),
        ("stale-bytes", b"abc\n"),
        ("answers-once", b"abc\n"),
        ("to-another", b"abc\n"),
        ("greeting-missing", b"abc\n"),
        ("greeting-twice", b"abc\n"),
        ("lost-at-fin", b"abc\n"),
        ("one-at-a-time", b"abc\n"),
        ("dead-after-rst", b"abc\n"),
        ("no-fin", b"abc\n"),
    ],
)
def test_fault_with_nothing_to_change_is_inactive(fault: str, said: bytes) -> None:
    with world(fault) as found:
        found.client().says(said).hears(said.upper())
        assert not found.has_acted


def test_late_answer_is_sent_with_the_next_input() -> None:
    with world("answer-late") as found:
        client = found.client().says(b"one\n")
        client.hears("nothing")
        client.says(b"two\n").hears(b"ONE\n")
        client.ends().hears(b"TWO\n")


def test_answer_sent_at_eof_is_not_late() -> None:
    with world("answer-late") as found:
        found.client().says(b"one\nquit\n").hears(b"ONE\n")
        assert not found.has_acted


def test_only_the_first_input_is_answered() -> None:
    with world("answers-once") as found:
        client = found.client()
        client.says(b"one\n").hears(b"ONE\n")
        client.says(b"two\n").hears("nothing")
        found.acts()


def test_short_answer_is_completed_by_the_next_one() -> None:
    with world("stale-bytes") as found:
        client = found.client()
        client.says(b"a long one\n").hears(b"A LONG ONE\n")
        client.says(b"two\n").hears(b"TWO\nNG ONE\n")


def test_answers_to_segments_are_swapped() -> None:
    with world("answers-swapped") as found:
        client = found.client()
        client.says(b"first\n").hears(b"FIRST\n")
        client.says(b"one\n")
        client.says(b"2\n").hears(b"2\nONE\n")


def test_shared_buffer_mixes_lines_of_two_clients() -> None:
    with world("shared-buffer") as found:
        first, second = found.client(), found.client()
        second.says(b"ready\n").hears(b"READY\n")
        first.says(b"half").hears("nothing")
        second.says(b" whole\n").hears(b"HALF WHOLE\n")
        found.acts()


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        ("greeting-missing", "nothing"),
        ("greeting-late", "nothing"),
        ("greeting-cut", b"Hello"),
        ("greeting-twice", b"Hello\nHello\n"),
        ("greeting-changed", b"hELLO\n"),
    ],
)
def test_greeting_is_changed_but_not_the_answers(fault: str, heard: bytes | str) -> None:
    with world(fault, greeting) as found:
        client = found.client()
        client.hears(heard)
        late = b"Hello\n" if fault == "greeting-late" else b""
        client.says(b"abc\n").hears(late + b"ABC\n")
        found.acts()


def test_greeting_is_not_an_answer() -> None:
    with world("answer-twice", greeting) as found:
        found.client().says(b"abc\n").hears(b"Hello\nABC\nABC\n")


@pytest.mark.parametrize("fault", ["greeting-late", "held-until-fin", "early-fin"])
def test_server_that_ends_by_itself_is_not_late(fault: str) -> None:
    with world(fault, greets_and_ends) as found:
        found.client().hears(b"Hello\n")
        assert not found.has_acted


def test_held_data_is_sent_at_fin() -> None:
    with world("held-until-fin") as found:
        client = found.client().says(b"abc\n")
        client.hears("nothing")
        client.ends().hears(b"ABC\n")


def test_pending_data_is_lost_at_fin() -> None:
    with world("lost-at-fin") as found:
        client = found.client()
        client.says(b"one\n").hears(b"ONE\n")
        client.says(b"two\n").ends().hears("FIN")
        found.acts()


def test_early_fin() -> None:
    with world("early-fin") as found:
        client = found.client().says(b"one\n")
        client.hears(b"ONE\n")
        client.says(b"two\n").hears("FIN", "RST")
        found.acts()


def test_missing_fin() -> None:
    with world("no-fin") as found:
        found.client().says(b"one\n").ends().hears(b"ONE\n")
        found.client().ends().hears("nothing")
        found.acts()


def test_half_close_is_lost() -> None:
    with world("half-close-lost") as found:
        found.client().ends().hears("nothing")
        found.acts()


def test_rst_instead_of_fin() -> None:
    with world("rst-for-fin") as found:
        found.client().ends().hears("RST")
        found.acts()


def test_fin_instead_of_rst() -> None:
    with world("fin-for-rst") as found:
        found.client().says(b"die\n").hears("FIN")
        found.acts()


def test_answer_is_sent_to_another_client() -> None:
    with world("to-another") as found:
        first, second = found.client(), found.client()
        second.says(b"two\n").hears(b"TWO\n")
        first.hears(b"TWO\n")
        found.acts()


def test_one_client_at_a_time() -> None:
    with world("one-at-a-time") as found:
        first, second = found.client(), found.client()
        second.says(b"two\n").hears("nothing")
        found.acts()
        first.ends().hears("FIN")
        second.hears(b"TWO\n")


def test_ninth_client_waits() -> None:
    with world("few-clients") as found:
        clients = [found.client() for _ in range(9)]
        clients[8].says(b"nine\n").hears("nothing")
        clients[0].ends().hears("FIN")
        clients[8].hears(b"NINE\n")


def test_no_client_is_served_after_the_first() -> None:
    with world("dead-after-one") as found:
        found.client().ends().hears("FIN")
        with pytest.raises(ConnectionResetError):
            # Sometimes this happens while it is still connecting.
            found.client().sock.recv(1)
        found.acts()


def test_no_client_is_served_after_an_rst() -> None:
    with world("dead-after-rst") as found:
        client = found.client()
        client.says(b"one\n").hears(b"ONE\n")
        found.client().resets()
        client.hears("FIN")
        with pytest.raises(ConnectionRefusedError):
            found.client()


def test_rst_is_not_noticed() -> None:
    ended = threading.Event()

    def serve(conn: socket.socket) -> None:
        with conn:
            conn.recv(1)
        ended.set()

    with world("rst-unnoticed", serve) as found:
        found.client().resets()
        assert not ended.wait(NOTHING)
        found.acts()


@pytest.mark.parametrize("change", LAWFUL)
def test_allowed_change_keeps_every_byte(change: str) -> None:
    data = b"".join(b"line %d\n" % number for number in range(20_000))
    with world(change, greeting) as found:
        client = found.client()
        sender = threading.Thread(target=lambda: client.says(data).ends())
        sender.start()
        heard = b""
        while piece := client.sock.recv(65536):
            heard += piece
        sender.join()
        assert heard == b"Hello\n" + data.upper()


def test_byte_by_byte_is_byte_by_byte() -> None:
    with world("byte-by-byte") as found:
        # A late reader gets several bytes in one read.
        found.client().says(b"abc\n").hears(b"ABC\n")
        found.acts()


# Datagrams.


@contextmanager
def echo_of_datagrams(fault: str, clients: int = 1) -> Iterator[tuple[Proxy, list[socket.socket]]]:
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        server.bind(("127.0.0.1", 0))

        def run() -> None:
            while True:
                data, client = server.recvfrom(65536)
                if data == b"stop":
                    return
                server.sendto(data, client)

        thread = threading.Thread(target=run)
        thread.start()

        @stack.callback
        def stop() -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"stop", server.getsockname())
            thread.join()

        proxy = stack.enter_context(
            faulty(Address(UDP, "127.0.0.1", server.getsockname()[1]), fault)
        )
        socks = []
        for _ in range(clients):
            sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sock.connect((proxy.address.host, proxy.address.port))
            socks.append(sock)
        yield proxy, socks


def datagrams(sock: socket.socket, count: int) -> list[bytes]:
    """Return this number of datagrams, and what else comes."""
    found: list[bytes] = []
    while True:
        sock.settimeout(DEADLINE if len(found) < count else NOTHING)
        try:
            found.append(sock.recv(65536))
        except TimeoutError:
            return found


@pytest.mark.parametrize(
    ("fault", "said", "heard"),
    [
        ("none", b"abc", [b"abc"]),
        ("none", b"", [b""]),
        ("none", b"x" * 60_000, [b"x" * 60_000]),
        ("delay", b"abc", [b"abc"]),
        ("last-byte-lost", b"abc", [b"ab"]),
        ("answer-twice", b"abc", [b"abc", b"abc"]),
        ("answer-late", b"abc", []),
        ("letters-changed", b"abc", [b"ABC"]),
        ("high-bytes-mangled", b"\xff", [b"?"]),
        ("cut-at-nul", b"a\0b", [b"a"]),
        ("cut-at-1k", b"x" * 2000, [b"x" * 1024]),
        ("empty-swallowed", b"", []),
        ("other-port", b"abc", []),
    ],
)
def test_datagram_is_changed(fault: str, said: bytes, heard: list[bytes]) -> None:
    with echo_of_datagrams(fault) as (proxy, [client]):
        client.send(said)
        assert datagrams(client, len(heard)) == heard
        assert (proxy.acted > 0) == (fault != "none")


def test_only_the_first_datagram_is_answered() -> None:
    with echo_of_datagrams("answers-once") as (_, [client]):
        client.send(b"one")
        client.send(b"two")
        assert datagrams(client, 1) == [b"one"]


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        ("answers-swapped", ([b"of the second"], [b"of the first"])),
        ("to-another", ([b"of the first", b"of the second"], [b"of the first", b"of the second"])),
    ],
)
def test_answers_to_two_clients(fault: str, heard: tuple[list[bytes], list[bytes]]) -> None:
    with echo_of_datagrams(fault, clients=2) as (proxy, [first, second]):
        for sock in (first, second):
            sock.send(b"ready")
        datagrams(first, 1)
        datagrams(second, 1)
        first.send(b"of the first")
        second.send(b"of the second")
        assert sorted(datagrams(first, len(heard[0]))) == heard[0]
        assert sorted(datagrams(second, len(heard[1]))) == heard[1]
        assert proxy.acted


def test_equal_answers_are_not_swapped() -> None:
    with echo_of_datagrams("answers-swapped", clients=2) as (proxy, [first, second]):
        for sock in (first, second):
            sock.send(b"the same")
        assert datagrams(first, 1) == datagrams(second, 1) == [b"the same"]
        assert not proxy.acted


def test_every_fault_names_what_detects_it() -> None:
    assert all(fault.finds and fault.text and fault.transports for fault in FAULTS.values())
    assert all(change.is_lawful for change in LAWFUL.values())


def test_change_that_a_client_has_not_read_does_not_count() -> None:
    with world("answer-twice") as found:
        client = found.client().says(b"abc\n")
        found.acts()
        assert found.proxy.shown(set(), False) == 1
        assert found.proxy.shown({client.sock.getsockname()}, False) == 0


def test_fin_instead_of_rst_is_noticed_by_a_client_that_expects_rst() -> None:
    with world("fin-for-rst") as found:
        found.client().says(b"die\n").hears("FIN")
        assert found.proxy.shown(set(), False) == 0
        assert found.proxy.shown(set(), True) == 1


def test_faults_that_do_not_apply_are_in_the_table() -> None:
    every = moot(Service(answers_input=False, ends_by_itself=True, times_its_start=False))
    assert set(every) <= set(FAULTS)
    assert moot(Service()) == {}
