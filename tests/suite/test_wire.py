"""The byte-exact client: what it accepts, and the name of each violation."""

from __future__ import annotations

import select
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from conformance.clients.peer import Peer
from conformance.core.transcript import Transcript
from conformance.core.verdict import Violation

DEADLINE = 0.4
ABORT = struct.pack("ii", 1, 0)

Play = Callable[[Callable[[socket.socket], None]], Peer]


@pytest.fixture
def against() -> Iterator[Play]:
    """A peer connected to a server that runs the given function."""
    threads: list[threading.Thread] = []
    peers: list[Peer] = []
    release = threading.Event()

    def play(script: Callable[[socket.socket], None]) -> Peer:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            sock = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()

        def run() -> None:
            with server:
                script(server)
                release.wait(10)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        peers.append(Peer("A", sock, Transcript(), DEADLINE))
        return peers[-1]

    yield play
    release.set()
    for peer in peers:
        peer.close()
    for thread in threads:
        thread.join()


def kind(call: Callable[[], object]) -> str:
    with pytest.raises(Violation) as caught:
        call()
    assert caught.value.client == "A"
    return caught.value.kind


def fin(conn: socket.socket) -> None:
    conn.shutdown(socket.SHUT_WR)


def rst(conn: socket.socket) -> None:
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    conn.close()


def says(data: bytes, *then: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    def script(conn: socket.socket) -> None:
        conn.sendall(data)
        for step in then:
            step(conn)

    return script


def test_expected_data_passes(against: Play) -> None:
    peer = against(says(b"hello world", fin))
    peer.expect(b"hello ", "the greeting")
    peer.expect(b"world", "the rest")
    peer.expect_eof()


def test_wrong_byte_is_reported_with_its_position(against: Play) -> None:
    peer = against(says(b"hello wOrld"))
    with pytest.raises(Violation) as caught:
        peer.expect(b"hello world", "the greeting")
    assert caught.value.kind == "wrong-bytes"
    assert caught.value.offset == 7


def test_wrong_byte_ends_the_wait_at_once(against: Play) -> None:
    """The rest never comes, but the first wrong byte is already there."""
    peer = against(says(b"x"))
    assert kind(lambda: peer.expect(b"hello", "the greeting")) == "wrong-bytes"


def test_silence_is_reported_at_the_deadline(against: Play) -> None:
    peer = against(says(b"hel"))
    assert kind(lambda: peer.expect(b"hello", "the greeting")) == "missing-bytes"


def test_fin_and_rst_are_distinguished(against: Play) -> None:
    assert kind(lambda: against(rst).expect_eof()) == "rst-instead-of-fin"
    assert kind(lambda: against(fin).expect_reset()) == "fin-instead-of-rst"
    against(fin).expect_eof()
    against(rst).expect_reset()


def test_eof_before_the_expected_bytes(against: Play) -> None:
    assert kind(lambda: against(says(b"he", fin)).expect(b"hello", "it")) == "ended-early"
    assert kind(lambda: against(says(b"", rst)).expect(b"hello", "it")) == "reset-early"


def test_bytes_before_the_end(against: Play) -> None:
    assert kind(lambda: against(says(b"bye", fin)).expect_eof()) == "extra-bytes"
    assert kind(lambda: against(says(b"bye")).expect_eof()) == "extra-bytes"
    assert kind(lambda: against(says(b"")).expect_eof()) == "no-fin"
    assert kind(lambda: against(says(b"")).expect_reset()) == "no-rst"


def test_bulk_is_written_and_read_at_once(against: Play) -> None:
    data = bytes(range(256)) * 16384

    def echo(conn: socket.socket) -> None:
        left = len(data)
        while left:
            piece = conn.recv(65536)
            conn.sendall(piece)
            left -= len(piece)

    peer = against(echo)
    peer.exchange(data, data, "the echo")
    sizes = {event.direction: event.size for event in peer.transcript.events if event.size}
    assert set(sizes) == {"->", "<-"}


def test_server_that_stops_reading_is_reported(against: Play) -> None:
    peer = against(says(b""))
    assert kind(lambda: peer.send(bytes(64 * 1024 * 1024))) == "stopped-reading"


def test_server_that_closes_while_data_is_sent_is_reported(against: Play) -> None:
    peer = against(rst)
    assert peer.poll(DEADLINE) == "RST"
    assert kind(lambda: peer.send(b"x" * 100_000)) == "closed-early"


def test_flood_ends_when_the_server_stops_reading(against: Play) -> None:
    peer = against(says(b""))
    assert 0 < peer.flood(b"x" * 65536, 256 * 1024 * 1024, quiet=0.1) < 256 * 1024 * 1024
    limited = against(says(b""))
    assert limited.flood(b"x" * 100, 1000, quiet=0.1) == 1000


def test_orderly_close_of_a_client_sends_no_rst(against: Play) -> None:
    seen: list[object] = []

    def script(conn: socket.socket) -> None:
        conn.sendall(b"unread greeting")
        seen.append(conn.recv(10))
        fin(conn)
        conn.settimeout(5)
        seen.append(conn.recv(10))

    peer = against(script)
    assert peer.leave(DEADLINE * 10)
    assert [event.word for event in peer.transcript.events if event.word] == ["FIN", "FIN"]
    assert seen[0] == b""


def test_server_that_never_stops_sending_is_reported(against: Play) -> None:
    def talk(conn: socket.socket) -> None:
        try:
            while True:
                conn.sendall(b"blah " * 20_000)
        except OSError:
            pass

    assert kind(against(talk).read_to_end) == "floods"
    assert kind(against(talk).expect_reset) == "floods"


def test_read_until_a_delimiter_then_exactly(against: Play) -> None:
    peer = against(lambda conn: conn.sendall(b"size 3\r\nabcrest"))
    assert peer.read_until(b"\r\n", "a line") == b"size 3\r\n"
    assert peer.read_exactly(3, "the content") == b"abc"
    peer.expect(b"rest", "the rest")


def test_delimiter_may_be_split(against: Play) -> None:
    def in_pieces(conn: socket.socket) -> None:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (b"a\r", b"\n\r", b"\nb"):
            conn.sendall(piece)

    assert against(in_pieces).read_until(b"\r\n\r\n", "a header") == b"a\r\n\r\n"


def cut(conn: socket.socket) -> None:
    conn.sendall(b"ab")
    fin(conn)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (lambda conn: conn.sendall(b"ab"), "missing-bytes"),
        (cut, "ended-early"),
    ],
)
def test_incomplete_read_is_reported(
    against: Play, script: Callable[[socket.socket], None], expected: str
) -> None:
    assert kind(lambda: against(script).read_until(b"\n", "a line")) == expected
    assert kind(lambda: against(script).read_exactly(3, "the content")) == expected


def test_endless_line_is_reported_before_the_deadline(against: Play) -> None:
    peer = against(lambda conn: conn.sendall(b"x" * 300))
    assert kind(lambda: peer.read_until(b"\n", "a line", most=200)) == "too-long"


def test_violation_raised_by_a_profile_names_the_client(against: Play) -> None:
    peer = against(lambda conn: conn.sendall(b"x"))
    violation = peer.violation("odd", "this is odd", received=b"x", hint="even it out")
    assert (violation.kind, violation.client, violation.hint) == ("odd", "A", "even it out")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux: sock_diag(7)")
def test_late_reading_server_reads_segments_separately() -> None:
    reads: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        server, _ = listener.accept()
        with server:
            # On a busy machine a server reads some time after the bytes have arrived.
            while not reads or reads[-1]:
                select.select([server], [], [])
                threading.Event().wait(0.02)
                reads.append(server.recv(100))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=serve, args=(listener,))
        serving.start()
        sock = socket.create_connection(listener.getsockname())
        peer = Peer("A", sock, Transcript(), DEADLINE)
        peer.send_segments([b"R", b"E", b"S", b"E", b"T\n"])
        peer.send_eof()
        serving.join(10)
        peer.close()
    assert reads == [b"R", b"E", b"S", b"E", b"T\n", b""]
