"""A bad line: its syntax, what it does to the data, and how much time it takes."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from conformance.core.budget import Budget
from conformance.core.line import Line, Way, parse_line
from conformance.core.traffic import Passage, Traffic
from conformance.core.verdict import LineTooSlow, WrongUsage
from conformance.faults import over_line
from conformance.targets.address import TCP, UDP, Address

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="what is judged through a proxy needs poll(2)"
)

#: SO_LINGER on, zero seconds: close() sends RST.
ABORT = b"\1\0\0\0\0\0\0\0"

RIGHT = [
    ("delay=300ms", Way(delay=0.3), Way(delay=0.3)),
    ("delay=1.5", Way(delay=1.5), Way(delay=1.5)),
    ("delay=300ms±50ms", Way(0.3, 0.05), Way(0.3, 0.05)),
    ("delay=300ms+-50ms", Way(0.3, 0.05), Way(0.3, 0.05)),
    ("up delay=1s", Way(delay=1.0), Way()),
    ("rate=20K,down", Way(), Way(rate=20480.0)),
    ("both rate=1.5MB", Way(rate=1572864.0), Way(rate=1572864.0)),
    ("slice=1", Way(size=1), Way(size=1)),
    ("slice=100/5ms", Way(size=100, gap=0.005), Way(size=100, gap=0.005)),
    ("up delay=1s;down slice=1; rate=1K", Way(delay=1, rate=1024), Way(rate=1024, size=1)),
]

MISTAKES = [
    ("", "'' contains no setting (known: delay=T[+-T], rate=SIZE, slice=SIZE[/T])"),
    ("up", "'up' contains no setting (known: delay=T[+-T], rate=SIZE, slice=SIZE[/T])"),
    ("delay", "delay needs a value: delay=T[+-T]"),
    ("rate=", "rate needs a value: rate=SIZE"),
    ("dealy=3s", "unknown word 'dealy' (did you mean delay?)"),
    ("zzz", "unknown word 'zzz' (known: delay=T[+-T], rate=SIZE, slice=SIZE[/T])"),
    ("delay=soon", "delay: 'soon' is not a time, as in 500ms, 3s or 1.5"),
    ("delay=٣s", "delay: '٣s' is not a time, as in 500ms, 3s or 1.5"),
    ("delay=0", "delay: '0' must be above 0 and at most 60 s"),
    ("delay=2m", "delay: '2m' must be above 0 and at most 60 s"),
    ("delay=1s±2s", "delay: '1s±2s' would sometimes be less than zero"),
    ("rate=fast", "rate: 'fast' is not a size, as in 500, 10K or 1.5M"),
    ("rate=10", "rate: '10' is less than 100 bytes a second"),
    ("slice=0.5", "slice: '0.5' is less than one byte"),
    ("slice=1/1s", "slice: pieces can be 100 ms apart at most"),
    (
        "delay=1s rate=1K",
        "'delay=1s rate=1K' contains two settings, delay and rate; separate them by ';'",
    ),
    ("delay=1s;up delay=2s", "delay is given twice for the direction up"),
    ("delay=1s;", "'' contains no setting (known: delay=T[+-T], rate=SIZE, slice=SIZE[/T])"),
    (
        "loss=5%",
        "loss cannot be used here: "
        "UDP may lose a datagram, but a clause cannot be judged without the answer",
    ),
    ("drop-fin", "drop-fin cannot be used here: no server can pass with it"),
    (
        "delay=1s share=20%",
        "share cannot be used here: a line is the same for every client, all the time",
    ),
]


@pytest.mark.parametrize(("text", "up", "down"), RIGHT)
def test_parse_link(text: str, up: Way, down: Way) -> None:
    line = parse_line([text])
    assert line is not None
    assert (line.up, line.down) == (up, down)
    assert parse_line([str(line)]) == line


def test_no_link_is_none() -> None:
    assert parse_line(()) is None


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_parse_errors(text: str, said: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        parse_line([text])
    assert str(caught.value) == f"--link: {said}"


# The effects of a line.


@contextmanager
def line_before(text: str) -> Iterator[tuple[socket.socket, tuple[str, int], Traffic]]:
    """A listener, the address for its clients, and the data in transit between them."""
    line = parse_line([text])
    assert line is not None
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        traffic = Traffic(line)
        upstream = Address(TCP, "127.0.0.1", listener.getsockname()[1])
        with over_line(upstream, traffic) as proxy:
            yield listener, (proxy.address.host, proxy.address.port), traffic


@contextmanager
def line_to(text: str) -> Iterator[tuple[socket.socket, socket.socket, Traffic]]:
    """A client, the server's side of its connection, and the data in transit between them."""
    with (
        line_before(text) as (listener, at, traffic),
        socket.create_connection(at, 10.0) as client,
        listener.accept()[0] as server,
    ):
        server.settimeout(10.0)
        yield client, server, traffic


def took(began: float) -> float:
    return time.monotonic() - began


def test_everything_arrives_late_and_in_order() -> None:
    with line_to("delay=200ms±100ms") as (client, server, traffic):
        began = time.monotonic()
        for number in range(10):
            client.sendall(b"%d" % number)
        client.shutdown(socket.SHUT_WR)
        with server.makefile("rb") as stream:
            assert stream.read() == b"0123456789"
        assert took(began) >= 0.1
        assert traffic.spent >= 0.1


def test_one_direction_can_be_worse() -> None:
    with line_to("up delay=200ms") as (client, server, traffic):
        began = time.monotonic()
        client.sendall(b"x")
        assert server.recv(10) == b"x"
        assert took(began) >= 0.2
        spent = traffic.spent
        server.sendall(b"y")
        assert client.recv(10) == b"y"
        assert traffic.spent - spent < 0.1


def test_slow_link_delays_data() -> None:
    with line_to("rate=10K") as (client, server, _):
        began = time.monotonic()
        client.sendall(bytes(5120))
        client.shutdown(socket.SHUT_WR)
        with server.makefile("rb") as stream:
            assert len(stream.read()) == 5120
        assert took(began) >= 0.5


def test_pieces_arrive_separately() -> None:
    with line_to("slice=2/50ms") as (client, server, _):
        began = time.monotonic()
        client.sendall(b"abcdef")
        client.shutdown(socket.SHUT_WR)
        assert server.recv(100).startswith(b"ab")
        with server.makefile("rb") as stream:
            stream.read()
        assert took(began) >= 0.1


def test_only_the_beginning_of_large_data_is_split() -> None:
    with line_to("slice=1") as (client, server, _):
        client.sendall(bytes(200_000))
        client.shutdown(socket.SHUT_WR)
        with server.makefile("rb") as stream:
            assert len(stream.read()) == 200_000


def test_reset_arrives_after_the_bytes_before_it() -> None:
    with line_to("delay=100ms") as (client, server, _):
        client.sendall(b"last words")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        client.close()
        assert server.recv(100) == b"last words"
        with pytest.raises(ConnectionResetError):
            server.recv(100)


def test_reset_is_reported_as_reset_after_a_failed_write() -> None:
    for _ in range(5):
        with line_to("slice=1") as (client, server, _traffic):
            client.settimeout(10.0)
            client.sendall(bytes(500_000))
            client.shutdown(socket.SHUT_WR)
            # While the rest is still arriving.
            left = 100_000
            while left > 0:
                left -= len(server.recv(64 * 1024))
            server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            server.close()
            with pytest.raises(ConnectionResetError):
                client.recv(1)


def test_datagram_is_delayed() -> None:
    line = parse_line(["delay=100ms"])
    assert line is not None
    with ExitStack() as stack:
        server, client = (
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in "ab"
        )
        server.bind(("127.0.0.1", 0))
        traffic = Traffic(line)
        upstream = Address(UDP, "127.0.0.1", server.getsockname()[1])
        proxy = stack.enter_context(over_line(upstream, traffic))
        for sock in (server, client):
            sock.settimeout(10.0)
        began = time.monotonic()
        client.sendto(b"", (proxy.address.host, proxy.address.port))
        client.sendto(b"two", (proxy.address.host, proxy.address.port))
        first, source = server.recvfrom(100)
        assert (first, server.recvfrom(100)[0]) == (b"", b"two")
        server.sendto(b"answer", source)
        assert client.recv(100) == b"answer"
        assert took(began) >= 0.2


def test_clients_that_closed_at_once_have_arrived() -> None:
    with line_before("up delay=50ms") as (listener, at, traffic):
        for _ in range(20):
            with socket.create_connection(at, 10.0) as client:
                client.sendall(b"in haste")
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        assert traffic.arrived(10.0)
        listener.setblocking(False)
        for _ in range(20):
            with listener.accept()[0] as server:
                assert server.recv(100) == b"in haste"
                with pytest.raises(ConnectionResetError):
                    server.recv(100)


def test_data_that_takes_too_long_to_arrive_is_reported() -> None:
    with line_to("up rate=100") as (client, _, traffic):
        client.sendall(bytes(1000))
        assert not traffic.arrived(0.05)


def test_data_sent_during_the_wait_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    traffic = Traffic(Line(Way(delay=0.1), Way(), ("up delay=100ms",)))
    one, other = Passage(traffic, "up"), Passage(traffic, "up")
    one.entered()

    def meanwhile(_seconds: float) -> None:
        other.entered()
        one.entered()
        one.left()

    monkeypatch.setattr("conformance.core.traffic.time.sleep", meanwhile)
    assert traffic.arrived(10.0)
    assert (one.sent - one.gone, other.sent - other.gone) == (1, 1)


@pytest.mark.parametrize(
    ("link", "cut"), [("delay=10ms", False), ("down slice=1", False), ("slice=1", True)]
)
def test_link_reports_whether_it_split_data_sent_together(link: str, cut: bool) -> None:
    with line_to(link) as (client, server, traffic):
        client.sendall(b"\r\n")
        while not server.recv(100).endswith(b"\n"):
            pass
        server.sendall(b"answer")
        client.recv(100)
        assert traffic.lacks("together") == cut


def test_client_data_crosses_the_fin_of_the_server() -> None:
    with line_to("delay=100ms") as (client, server, traffic):
        client.sendall(b"in time")
        server.recv(100)
        assert not traffic.lacks("in-time")
        server.shutdown(socket.SHUT_WR)
        client.sendall(b"not in time")
        server.recv(100)
        assert traffic.lacks("in-time")


@pytest.mark.parametrize("answers", [True, False])
def test_fin_in_answer_to_the_fin_of_the_server_is_in_time(answers: bool) -> None:
    with line_to("delay=50ms") as (client, server, traffic):
        server.shutdown(socket.SHUT_WR)
        if answers:
            assert client.recv(100) == b""
        client.shutdown(socket.SHUT_WR)
        assert server.recv(100) == b""
        assert traffic.lacks("in-time") != answers


def test_unread_data_of_the_server_is_known_through_the_link() -> None:
    with line_to("delay=10ms") as (client, server, traffic):
        client.sendall(b"12345")
        assert traffic.arrived(10.0)
        waiting = traffic.queues(client.getsockname())
        assert waiting is None or waiting.unread == 5
        server.recv(100)
        waiting = traffic.queues(client.getsockname())
        assert waiting is None or waiting.unread == 0
        assert traffic.queues(("127.0.0.1", 0)) is None


def test_closed_port_is_reported_through_the_link() -> None:
    line = parse_line(["delay=20ms"])
    assert line is not None
    with ExitStack() as stack:
        server, client = (
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in "ab"
        )
        server.bind(("127.0.0.1", 0))
        server.settimeout(10.0)
        traffic = Traffic(line)
        proxy = stack.enter_context(
            over_line(Address(UDP, "127.0.0.1", server.getsockname()[1]), traffic)
        )
        client.sendto(b"nobody waits for the answer", (proxy.address.host, proxy.address.port))
        client.close()
        assert traffic.arrived(10.0)
        traffic.take_in()
        # Only a connected socket gets the "unreachable" error.
        server.connect(server.recvfrom(100)[1])
        server.send(b"answer")
        with pytest.raises(ConnectionRefusedError):
            server.recv(100)


# The time that the line takes.


def test_time_of_the_link_is_not_server_time() -> None:
    traffic = Traffic(Line(Way(delay=0.1), Way(), ("up delay=100ms",)))
    passage = Passage(traffic, "up")
    passage.entered()
    began = traffic.now()
    wait(0.1)
    assert traffic.now() == pytest.approx(began, abs=0.01)
    passage.left()
    wait(0.1)
    assert traffic.now() - began >= 0.09


def test_link_has_its_own_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    # The time that the machine takes counts for neither.
    monkeypatch.setattr("conformance.core.budget.waited", lambda: 0.0)
    traffic = Traffic(Line(Way(rate=1000.0), Way(), ("up rate=1000",)))
    budget = Budget(0.05, traffic)
    Passage(traffic, "up").entered()
    wait(0.11)
    with pytest.raises(LineTooSlow, match=r"the line is too slow \(up rate=1000\): this"):
        budget.check()
    with pytest.raises(LineTooSlow, match=r"the line is too slow \(up rate=1000\) for 5000 bytes"):
        Budget(4.0, Traffic(traffic.line)).check_line(5000)


def wait(seconds: float) -> None:
    """Let time pass: this time is measured."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
