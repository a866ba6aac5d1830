"""Several processes serve one port (--workers), even when one of them dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..peer import DEADLINE, Peer, Server, connected
from ..programs import Program, until
from .conftest import Start, heard_port

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: /proc tells a process's children"
)

#: With so many clients each of two workers gets some, except once in 10^19 runs.
MANY = 64


def workers(program: Program) -> list[int]:
    """Return the worker processes."""
    pid = program.process.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def begin(pync: Start, server: Server, *words: object) -> tuple[Program, int]:
    words = ("-lkv", "--workers=2", *words, "127.0.0.1", "0", f"tcp://127.0.0.1:{server.port}")
    program = pync(*words)
    port = heard_port(program)
    if "--workers=1" not in words:
        # (They are started after their sockets listen, which was reported.)
        until(lambda: len(workers(program)) == 2, "both workers", program)
    return program, port


def joined(server: Server, client: Peer) -> Peer:
    client.says(b"x")
    peer = server.accepts()
    peer.hears(b"x")
    return peer


def joined_many(
    stack: ExitStack, server: Server, port: int, count: int
) -> tuple[list[Peer], list[Peer]]:
    clients: list[Peer] = []
    peers: list[Peer] = []
    for _ in range(count):
        clients.append(stack.enter_context(connected(port)))
        peers.append(joined(server, clients[-1]))
    return clients, peers


def answer(port: int) -> bytes:
    with connected(port) as client:
        client.half_closes()
        return client.hears_rest()


def is_gone(pid: int) -> bool:
    try:
        # (The process that adopts an orphan may never wait for it.)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_all_workers_serve_the_port_that_is_reported_once(pync: Start) -> None:
    program = pync("-lkv", "--workers=2", "--sh-exec", "echo $PPID", "127.0.0.1", "0")
    port = heard_port(program)
    served = {int(answer(port)) for _ in range(MANY)}
    assert served == set(workers(program))
    program.process.terminate()
    assert program.ends(-signal.SIGTERM).count(b"Listening on") == 1


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_proxy_server(pync: Start, server: Server, kind: str) -> None:
    if kind == "http":
        pytest.importorskip("h11", reason="h11 is not installed")
    program = pync("-lv", "--workers=2", f"--proxy-type={kind}", "127.0.0.1", "0")
    words = ("--proxy", f"127.0.0.1:{heard_port(program)}", f"--proxy-type={kind}")
    for _ in range(4):
        client = pync(*words, "127.0.0.1", server.port)
        server.accepts().says(b"hello")
        assert client.read(5) == b"hello"
    program.process.terminate()
    program.ends(-signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_signal_ends_all_workers(pync: Start, server: Server, number: signal.Signals) -> None:
    program, port = begin(pync, server)
    with connected(port) as client:
        peer = joined(server, client)
        processes = workers(program)
        program.process.send_signal(number)
        assert client.is_reset()
        assert peer.is_reset()
        program.ends(-number)
    assert all(is_gone(pid) for pid in processes)


def test_with_drain_open_connections_may_finish(pync: Start, server: Server) -> None:
    program, port = begin(pync, server, "--drain=30s")
    with ExitStack() as stack:
        clients, peers = joined_many(stack, server, port, 8)
        program.process.terminate()
        # (Earlier clients are served, or connect while the socket is being closed.)
        until(lambda: is_refused(port), "new clients to be refused", program)
        for client, peer in zip(clients, peers, strict=True):
            peer.says(b"still here")
            client.hears(b"still here")
            client.half_closes()
            peer.closes()
            assert client.hears_rest() == b""
        server.close()
        program.ends(0)


def is_refused(port: int) -> bool:
    try:
        with connected(port):
            return False
    except ConnectionError:  # refused, or reset while the socket is being closed
        return True


@pytest.mark.parametrize("count", [1, 2])
def test_queued_clients_are_served_before_a_graceful_end(
    pync: Start, server: Server, count: int
) -> None:
    """Clients in the accept queue would get RST when the listening socket is closed."""
    program, port = begin(pync, server, "--drain=30s", f"--workers={count}")
    processes = workers(program) or [program.process.pid]
    with ExitStack() as stack:
        # (Each worker already serves, so its signal handlers are set.)
        first, _ = joined_many(stack, server, port, MANY)
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        clients = [stack.enter_context(connected(port)) for _ in range(16)]
        for client in clients:
            client.half_closes()
        program.process.terminate()
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
        for _ in clients:
            server.accepts().closes()
        for client in clients:
            assert client.hears_rest() == b""
        for client in first:
            client.resets()
        program.ends(0)


def test_dead_worker_is_replaced_and_its_queue_is_served(pync: Start, server: Server) -> None:
    program, port = begin(pync, server)
    first, second = workers(program)
    os.kill(first, signal.SIGSTOP)
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(port)) for _ in range(MANY)]
        os.kill(first, signal.SIGKILL)
        program.hears(rb"pync: worker 1 was killed by SIGKILL; another takes its place\n")
        for client in clients:
            client.says(b"x")
        for _ in clients:
            server.accepts().hears(b"x")
        assert second in workers(program)
        assert len(workers(program)) == 2


def test_worker_that_dies_repeatedly_is_replaced_after_a_delay(pync: Start, server: Server) -> None:
    program, _ = begin(pync, server)
    first = workers(program)[0]
    os.kill(first, signal.SIGKILL)
    program.hears(rb"worker 1 was killed by SIGKILL")
    until(lambda: len(workers(program)) == 2, "a new worker", program)
    os.kill(workers(program)[-1], signal.SIGKILL)
    program.hears(rb"(?s)worker 1 was killed.*worker 1 was killed")
    assert len(workers(program)) == 1
    program.process.terminate()
    # The worker whose start was delayed is not started any more.
    program.ends(-signal.SIGTERM)


def test_no_worker_is_left_when_the_first_process_is_killed(pync: Start, server: Server) -> None:
    program, port = begin(pync, server)
    with connected(port) as client:
        joined(server, client)
        processes = workers(program)
        program.process.kill()
        assert client.is_reset()
        for pid in processes:
            until(lambda pid=pid: is_gone(pid), "the end of a worker")  # type: ignore[misc]


def test_table_names_the_worker_of_each_client(pync: Start, server: Server) -> None:
    program, port = begin(pync, server)
    with connected(port) as client:
        joined(server, client)
        program.process.send_signal(signal.SIGUSR1)
        there = f"127.0.0.1 {client.sock.getsockname()[1]} to 127.0.0.1 {server.port}"
        number = program.hears(rf"pync: worker (\d): {there}: 1 bytes sent".encode()).group(1)
        program.hears(b"pync: worker %b: 1 connection\n" % number)
        other = b"2" if number == b"1" else b"1"
        program.hears(b"pync: worker %b: 0 connections\n" % other)


def test_all_workers_and_later_ones_read_the_files_again(
    pync: Start, server: Server, tmp_path: Path
) -> None:
    denied = tmp_path / "denied"
    denied.write_text("10.0.0.1\n")
    program, port = begin(pync, server, f"--denyfile={denied}")
    with connected(port) as client:
        joined(server, client)
        denied.write_text("127.0.0.1\n")
        program.process.send_signal(signal.SIGHUP)
        program.hears(b"access lists and certificates are read again\n")
        # (One SIGHUP for all; a worker that answers the later SIGUSR1 has read the files again.)
        program.process.send_signal(signal.SIGUSR1)
        program.hears(
            rb"(?s)worker 1: \d connection.*worker 2: \d connection|worker 2: \d conn.*"
            rb"worker 1: \d conn"
        )
        assert program.said.count(b"are read again") == 1
        for _ in range(8):
            assert answer(port) == b""
        for pid in workers(program):
            os.kill(pid, signal.SIGKILL)
        program.hears(rb"(?s)was killed.*was killed")
        for _ in range(8):
            assert answer(port) == b""


def test_max_conns_counts_the_clients_of_all_workers(pync: Start, server: Server) -> None:
    program, port = begin(pync, server, "--max-conns=3")
    with ExitStack() as stack:
        for _ in range(3):
            joined(server, stack.enter_context(connected(port)))
        for _ in range(8):
            assert answer(port) == b""
        program.hears(rb"connection limit reached \(3\)")


def test_record_files_have_distinct_names(pync: Start, server: Server, tmp_path: Path) -> None:
    program, port = begin(pync, server, f"--output={tmp_path}/{{n}}")
    said = [f"client {number}".encode() for number in range(32)]
    for number, words in enumerate(said):
        with connected(port) as client:
            client.says(words)
            client.half_closes()
            peer = server.accepts()
            assert peer.hears_rest() == words
            peer.closes()
            assert client.hears_rest() == b""
        if number == 16:
            # The new worker does not reuse the numbers.
            os.kill(workers(program)[0], signal.SIGKILL)
            program.hears(b"another takes its place")
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == sorted(said)


def test_json_lines_are_not_mixed(pync: Start) -> None:
    program = pync("-lk", "--json", "--workers=2", "--proxy-type=socks5", "127.0.0.1", "0")
    port = json.loads(program.hears(rb"\{.*\}\n").group())["port"]
    # The lines are long: they contain the name of a host that does not exist.
    name = b"n" * 255
    asks = b"\5\1\0\5\1\0\3" + bytes([len(name)]) + name + b"\0\1"
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(port)) for _ in range(40)]
        for client in clients:
            client.says(asks)
        for client in clients:
            client.hears_rest()
    program.process.terminate()
    lines = program.ends(-signal.SIGTERM).splitlines()
    assert len(lines) > 80
    assert all(json.loads(line)["event"] for line in lines)


def test_unix_socket_is_shared(pync: Start, folder: Path, server: Server) -> None:
    path = folder / "s"
    onward = f"tcp://127.0.0.1:{server.port}"
    program = pync("-lkv", "--workers=2", f"unix:{path}", onward)
    program.hears(b"Listening on")
    for _ in range(4):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(DEADLINE)
            sock.connect(str(path))
            joined(server, Peer(sock))
    os.kill(workers(program)[0], signal.SIGKILL)
    program.hears(b"another takes its place")
    assert path.exists()
    program.process.terminate()
    program.ends(-signal.SIGTERM)
    assert not path.exists()


@pytest.mark.parametrize("words", ["--workers=2", ""])
def test_port_of_another_program_is_not_shared(pync: Start, server: Server, words: str) -> None:
    _, port = begin(pync, server)
    other = pync("-lk", *words.split(), "127.0.0.1", port, f"tcp://127.0.0.1:{server.port}")
    assert b"address already in use" in other.ends(1)


def test_fatal_error_ends_all_workers(pync: Start, server: Server, tmp_path: Path) -> None:
    program, port = begin(pync, server, f"--output={tmp_path}/none/{{n}}")
    processes = workers(program)
    assert answer(port) == b""
    said = program.ends(1)
    assert b"No such file or directory" in said or b"no such file or directory" in said
    assert b"takes its place" not in said
    assert all(is_gone(pid) for pid in processes)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-l --workers=2 0 localhost:1", b"--workers needs -lk"),
        ("-lk --workers=2 0", b"--workers needs a second address, --proxy-type or --exec"),
        ("-lk --workers=2 --broker 0", b"cannot use --workers and --broker"),
        ("-lk --workers=2 --control=unix:/c 0 localhost:1", b"cannot use --workers and --control"),
        ("-lku --workers=2 --exec=cat 0", b"cannot use --workers and -u"),
        ("-lk --workers=2 --output=f 0 localhost:1", b"--output with --workers needs {n}"),
        ("-lk --workers=0 0 localhost:1", b"--workers: '0'"),
        ("-lk --workers=5000 0 localhost:1", b"at most 1024"),
    ],
)
def test_addresses_that_cannot_be_shared_are_refused(pync: Start, words: str, said: bytes) -> None:
    assert said in pync(*words.split()).ends(2)


def test_commands_of_a_worker_do_not_outlive_it(pync: Start) -> None:
    program = pync("-lkv", "--workers=2", "--exec", "sleep 1000", "127.0.0.1", "0")
    with connected(heard_port(program)) as client:
        client.says(b"x")
        found: list[int] = []

        def commands() -> list[int]:
            found[:] = [
                int(child)
                for pid in workers(program)
                for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            ]
            return found

        until(commands, "the command to start", program)
        program.process.terminate()
        program.ends(-signal.SIGTERM)
        assert all(is_gone(pid) for pid in found)
