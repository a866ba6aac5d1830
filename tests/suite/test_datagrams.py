"""udp-echo: servers over UDP in every form of TARGET, and the suite's UDP client."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.clients.datagrams import Sender
from conformance.core.transcript import Transcript
from conformance.core.verdict import Unreachable, Violation
from conformance.profiles.lifecycle import LEAVING_TIME, nothing_listens
from conformance.targets.address import UDP, Address
from conformance.targets.ports import is_bindable, reserved_port
from conformance.targets.readiness import await_ready

from .judging import conformance, judge

#: An echo server on the given port, with its own socket or with descriptor 3.
ECHO = """
import os, socket, sys
if os.environ.get("LISTEN_FDS"):
    sock = socket.socket(fileno=3)
else:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", int(sys.argv[1])))
    if sys.argv[1] == "0":
        print("LISTENING udp://127.0.0.1:%d" % sock.getsockname()[1], flush=True)
while True:
    data, sender = sock.recvfrom(65536)
    sock.sendto(data, sender)
"""

#: Dies if an answer cannot be delivered, as Node servers and servers on Windows do.
FRAGILE = """
import socket, sys, threading
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.IPPROTO_IP, 11, 1)
sock.bind(("127.0.0.1", int(sys.argv[1])))
threading.Event().wait(1)
while True:
    data, sender = sock.recvfrom(65536)
    sock.sendto(data, sender)
"""


@pytest.fixture
def echo(tmp_path: Path) -> str:
    script = tmp_path / "echo.py"
    script.write_text(ECHO)
    return f"{sys.executable} {script}"


def test_command_with_a_port_argument(echo: str, tmp_path: Path) -> None:
    judged = judge(tmp_path, f"{echo} {{port}}", "--profile=udp-echo")
    assert judged.status == 0, judged.stdout
    assert {one["transport"] for one in judged.results} == {"udp"}
    assert judged.ids("PASS") == {one["id"] for one in judged.results}


def test_command_that_announces_its_address(echo: str, tmp_path: Path) -> None:
    judged = judge(tmp_path, f"{echo} 0", "--profile=udp-echo", "--case=udp-echo/simple")
    assert judged.status == 0, judged.stdout


def test_command_with_a_fixed_port(echo: str, tmp_path: Path) -> None:
    with reserved_port(socket.SOCK_DGRAM) as port:
        at = f"--at=udp://127.0.0.1:{port}"
        judged = judge(tmp_path, f"{echo} {port}", at, "--case=udp-echo/*")
    assert judged.status == 0, judged.stdout


def test_command_inherits_its_socket(echo: str, tmp_path: Path) -> None:
    judged = judge(tmp_path, f"fd:{echo}", "--profile=udp-echo")
    assert judged.status == 0, judged.stdout
    assert "udp-echo/port-free" in judged.ids("PASS")


def test_running_server(echo: str, tmp_path: Path) -> None:
    with subprocess.Popen([*echo.split(), "0"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[1]
            judged = judge(tmp_path, address)
        finally:
            server.kill()
    assert judged.status == 0, judged.stdout
    assert "udp-echo/gone-sender" in judged.ids("PASS")
    assert "udp-echo/sigterm-idle" in judged.ids("SKIP")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["tcp://127.0.0.1:9", "--profile=udp-echo"], "udp-echo is a service over udp, udp6"),
        (["udp://127.0.0.1:9", "--profile=echo"], "echo is a service over tcp"),
        (["inetd:cat", "--profile=udp-echo"], "udp-echo is a service over udp, udp6"),
        (["./server {path}", "--profile=udp-echo"], "udp-echo is a service over udp, udp6"),
    ],
)
def test_profile_over_an_unsuitable_transport(words: list[str], line: str, tmp_path: Path) -> None:
    done = conformance("run", *words, f"--report={tmp_path}")
    assert done.returncode == 4
    assert line in done.stderr


def test_no_server_at_the_address(tmp_path: Path) -> None:
    with reserved_port(socket.SOCK_DGRAM) as port:
        done = conformance("run", f"udp://127.0.0.1:{port}", "--deadline=1", f"--report={tmp_path}")
    assert done.returncode == 6
    assert "did not get ready" in done.stderr
    assert "nothing listens there" in done.stderr


def test_port_in_use_is_an_error(echo: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        done = conformance(
            *("run", f"{echo} {port}", f"--at=udp://127.0.0.1:{port}", f"--report={tmp_path}")
        )
    assert done.returncode == 6
    assert "already in use" in done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux: IP_RECVERR")
def test_probe_does_not_kill_a_slow_and_fragile_server(tmp_path: Path) -> None:
    """Its late answers must find the client's port still open."""
    script = tmp_path / "fragile.py"
    script.write_text(FRAGILE)
    judged = judge(
        *(tmp_path, f"{sys.executable} {script} {{port}}", "--profile=udp-echo"),
        *("--case=udp-echo/simple", "--case=udp-echo/gone-sender"),
    )
    assert judged.ids("PASS") == {"udp-echo/simple"}, judged.stdout
    assert judged.ids("FAIL") == {"udp-echo/gone-sender"}
    assert "the server died (exit status 1)" in judged.message("udp-echo/gone-sender")


def test_ports_of_both_kinds_are_reserved_apart() -> None:
    with reserved_port(socket.SOCK_DGRAM) as port, reserved_port() as other:
        assert port != other
        assert is_bindable("127.0.0.1", port, socket.SOCK_DGRAM)
        assert not is_bindable("127.0.0.1", port)


# The UDP client, with a server that the test plays.

Answer = Callable[[socket.socket, bytes, tuple[str, int]], None]


@contextmanager
def talking_to(answer: Answer) -> Iterator[tuple[Sender, Transcript]]:
    """A UDP client, and a server that handles each datagram with this function."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]

        def serve() -> None:
            while True:
                data, source = sock.recvfrom(65536)
                if data == b"stop":
                    return
                answer(sock, data, source)

        thread = threading.Thread(target=serve)
        thread.start()
        transcript = Transcript()
        sender = Sender("A", Address(UDP, "127.0.0.1", port), transcript, 10.0)
        try:
            yield sender, transcript
        finally:
            sender.send(b"stop")
            thread.join()
            sender.close()


def violation_of(sender: Sender, *datagrams: bytes) -> Violation:
    sender.send(*datagrams)
    with pytest.raises(Violation) as caught:
        sender.expect(*datagrams)
    return caught.value


def test_wrong_byte_is_shown_with_its_position() -> None:
    with talking_to(lambda sock, data, source: void(sock.sendto(data + b"!", source))) as (one, _):
        found = violation_of(one, b"hello")
    assert (found.kind, found.offset, found.received) == ("wrong-datagram", 5, b"hello!")


def test_answer_from_another_address_is_detected_at_once() -> None:
    def answer(_sock: socket.socket, data: bytes, source: tuple[str, int]) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as worker:
            worker.sendto(data, source)

    with talking_to(answer) as (sender, _):
        sender.judges_source = True
        found = violation_of(sender, b"hello")
    assert found.kind == "wrong-source"
    assert "the answer came from 127.0.0.1 port" in found.summary


def test_datagrams_of_other_senders_are_not_a_server_fault() -> None:
    def answer(sock: socket.socket, data: bytes, source: tuple[str, int]) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"spam", source)
        sock.sendto(data, source)

    with talking_to(answer) as (sender, transcript):
        sender.send(b"hello")
        sender.expect(b"hello")
    assert any("4 bytes from 127.0.0.1 port" in one.word for one in transcript.events)


def test_duplicate_is_detected_by_the_next_wait() -> None:
    def answer(sock: socket.socket, data: bytes, source: tuple[str, int]) -> None:
        sock.sendto(data, source)
        sock.sendto(data, source)

    with talking_to(answer) as (sender, _):
        sender.send(b"one")
        sender.expect(b"one")
        found = violation_of(sender, b"two")
    assert found.received == b"one"
    assert found.previous == b"one"


def test_reordered_datagrams_are_accepted() -> None:
    held: list[bytes] = []

    def answer(sock: socket.socket, data: bytes, source: tuple[str, int]) -> None:
        held.append(data)
        if len(held) == 3:
            for one in reversed(held):
                sock.sendto(one, source)

    with talking_to(answer) as (sender, transcript):
        sender.send(b"a", b"", b"a")
        sender.expect(b"a", b"", b"a")
    assert [one.word for one in transcript.events].count("an empty datagram") == 2
    assert [one.size for one in transcript.events[:6]] == [1, 0, 1, 1, 0, 1], (
        "no two of them are shown as one"
    )


def test_probe_asks_twice_and_waits_for_both_answers() -> None:
    asked: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10)

        def serve() -> None:
            waiting = [sock.recvfrom(100) for _ in range(2)]
            for data, source in waiting:
                asked.append(data)
                sock.sendto(data, source)

        thread = threading.Thread(target=serve)
        thread.start()
        address = Address(UDP, "127.0.0.1", sock.getsockname()[1])
        assert await_ready(None, [address], False, b"ready?", 10.0) == address
        thread.join()
    assert asked == [b"ready?", b"ready?"]


def test_server_that_never_answers_is_reported() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        address = Address(UDP, "127.0.0.1", sock.getsockname()[1])
        with pytest.raises(Unreachable, match="nothing there answers a datagram"):
            await_ready(None, [address], False, b"ready?", 0.3)


def test_loss_and_duplicates_in_a_network_are_not_server_faults() -> None:
    came: list[bytes] = []

    def answer(sock: socket.socket, data: bytes, source: tuple[str, int]) -> None:
        came.append(data)
        if len(came) > 1:  # the first is lost
            sock.sendto(data, source)
            sock.sendto(data, source)

    with talking_to(answer) as (sender, transcript):
        sender._near = False
        sender.deadline = 2.0
        sender.send(b"one")
        sender.expect(b"one")
        sender.send(b"two")
        sender.expect(b"two")
        sender.send(b"three", b"four")
        sender.expect(b"three", b"four")
    assert came[:3] == [b"one", b"one", b"two"]
    assert "sent again" in [one.word for one in transcript.events]


def void(_value: object) -> None:
    """Discard the value of a lambda."""


def test_ended_tcp_connection_does_not_excuse_a_held_udp_port() -> None:
    """TIME_WAIT of the same port number concerns TCP only."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            listener.accept()[0].close()  # the side that closes first stays in TIME_WAIT
            assert client.recv(1) == b""
    server: Any = SimpleNamespace(address=Address(UDP, "127.0.0.1", port), process=None)
    session: Any = SimpleNamespace(server=server, deadline=1.0)
    nothing_listens(session)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", port))
        with pytest.raises(Violation, match="cannot be bound"):
            nothing_listens(session)
        # A child that keeps the port and ends slightly later than its parent.
        leaves = threading.Timer(LEAVING_TIME / 10, holder.close)
        leaves.start()
        nothing_listens(session)
        leaves.join()
