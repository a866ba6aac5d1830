"""Closing, resets and scans between pync and nc, ncat or socat, in both roles."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..peer import connected, consecutive_ports
from ..programs import (
    PYNC,
    Program,
    is_bound,
    is_listening_path,
    listening_pync,
    needs,
    pync,
    until,
)
from .peers import CONNECTS, CONNECTS_TO_PATH, LISTENS

EVERY_PEER = pytest.mark.parametrize("peer", ["nc", "ncat", "socat"])


def listening_peer(stack: ExitStack, peer: str, port: int) -> Program:
    """Start a peer; wait until it listens."""
    other = stack.enter_context(Program(needs(peer), *LISTENS[peer]("127.0.0.1", port)))
    until(lambda: is_bound(port), f"{peer} to listen", other)
    return other


# Half-close, in both orders and both roles.


def test_pync_s_fin_reaches_a_listener_first(port: int) -> None:
    """As listeners, nc and ncat exit at their client's FIN; socat continues."""
    with ExitStack() as stack:
        other = listening_peer(stack, "socat", port)
        ours = stack.enter_context(pync("127.0.0.1", str(port)))
        ours.write(b"question\n")
        ours.end_input()
        assert other.read(9) == b"question\n"
        other.write(b"an answer after the end\n")
        other.end_input()
        assert ours.rest() == b"an answer after the end\n"
        ours.ends(0)
        other.ends(0)


@EVERY_PEER
def test_listener_sends_fin_first(peer: str, port: int) -> None:
    with ExitStack() as stack:
        other = listening_peer(stack, peer, port)
        ours = stack.enter_context(pync("--half-open", "127.0.0.1", str(port)))
        other.write(b"question\n")
        other.end_input()
        assert ours.read(9) == b"question\n"
        ours.write(b"an answer after the end\n")
        assert other.read(24) == b"an answer after the end\n"
        ours.end_input()
        ours.ends(0)
        other.ends(0)


@EVERY_PEER
def test_client_sends_fin_first(peer: str) -> None:
    command = needs(peer)
    ours, port = listening_pync("--half-open")
    with ours, Program(command, *CONNECTS[peer]("127.0.0.1", port)) as other:
        other.write(b"question\n")
        other.end_input()
        assert ours.read(9) == b"question\n"
        ours.write(b"an answer after the end\n")
        assert other.read(24) == b"an answer after the end\n"
        ours.end_input()
        ours.ends(0)
        other.ends(0)


@EVERY_PEER
def test_peer_fin_ends_pync_while_no_input_arrives(peer: str) -> None:
    """The input of pync stays open and silent; pync exits at the peer's FIN, and then the peer."""
    command = needs(peer)
    ours, port = listening_pync()
    with ours, Program(command, *CONNECTS[peer]("127.0.0.1", port)) as other:
        other.write(b"all there is")
        other.end_input()
        assert ours.rest() == b"all there is"
        ours.ends(0)
        other.ends(0)


# Kills and resets.


@EVERY_PEER
def test_peer_is_killed(peer: str) -> None:
    command = needs(peer)
    ours, port = listening_pync()
    with ours, Program(command, *CONNECTS[peer]("127.0.0.1", port)) as other:
        other.write(b"x")
        assert ours.read(1) == b"x"
        other.process.kill()
        assert ours.rest() == b""
        ours.ends(0)
        other.ends(-signal.SIGKILL)


def test_peer_resets() -> None:
    """With SO_LINGER 0 socat's close sends RST; at SIGTERM it would send FIN first."""
    command = needs("socat")
    ours, port = listening_pync()
    with ours, Program(command, "-u", "-", f"TCP4:127.0.0.1:{port},linger=0") as other:
        other.write(b"last words")
        assert ours.read(10) == b"last words"
        other.process.kill()
        assert ours.ends(1).endswith(b": connection reset by peer\n")
        other.ends(None)


def test_client_resets_before_it_is_accepted(port: int) -> None:
    """Both show the data that it sent."""
    ncat = needs("ncat")
    for command in ([ncat], [*PYNC, "--as=ncat"]):
        with Program(*command, "-l", "127.0.0.1", str(port)) as program:
            until(lambda: is_bound(port), "the listener", program)
            os.kill(program.process.pid, signal.SIGSTOP)
            with connected(port) as client:
                client.says(b"hello\n")
                client.resets()
            os.kill(program.process.pid, signal.SIGCONT)
            assert program.rest() == b"hello\n"
            program.ends(1)


@EVERY_PEER
def test_pync_that_is_killed(peer: str) -> None:
    command = needs(peer)
    ours, port = listening_pync()
    with ours, Program(command, *CONNECTS[peer]("127.0.0.1", port)) as other:
        ours.write(b"x")
        assert other.read(1) == b"x"
        other.end_input()
        ours.process.kill()
        assert other.rest() == b""
        ours.ends(-signal.SIGKILL)
        other.ends(None)


# Several clients one after another, and abstract names.


def test_different_clients_one_after_another() -> None:
    commands = {peer: needs(peer) for peer in CONNECTS}
    ours, port = listening_pync("-k")
    with ours:
        ours.end_input()
        for peer, command in commands.items():
            with Program(command, *CONNECTS[peer]("127.0.0.1", port)) as other:
                other.write(peer.encode())
                other.end_input()
                assert ours.read(len(peer)) == peer.encode()
                other.ends(0)


@EVERY_PEER
def test_clients_of_a_path_one_after_another(peer: str, tmp_path: Path) -> None:
    command = needs(peer)
    path = tmp_path / "socket"
    with pync("-lkvU", str(path)) as ours:
        ours.hears(rb"Listening on ")
        ours.end_input()
        for word in (b"one", b"two"):
            with Program(command, *CONNECTS_TO_PATH[peer](path)) as other:
                other.write(word)
                other.end_input()
                assert ours.read(3) == word
                other.ends(0)
        ours.process.send_signal(signal.SIGTERM)
        ours.ends(-signal.SIGTERM)
    assert not path.exists()


def test_abstract_name_of_socat(tmp_path: Path) -> None:
    name = f"{tmp_path}/name"
    with Program(needs("socat"), "-t30", "-", f"ABSTRACT-LISTEN:{name}") as other:
        until(lambda: is_listening_path(Path(f"@{name}")), "socat to listen", other)
        with pync("-U", f"@{name}") as ours:
            ours.write(b"hello")
            assert other.read(5) == b"hello"
            ours.end_input()
            other.end_input()
            ours.ends(0)


def test_abstract_name_of_pync(tmp_path: Path) -> None:
    command = needs("socat")
    name = f"{tmp_path}/name"
    with pync("-lvU", f"@{name}") as ours:
        ours.hears(rb"Listening on ")
        with Program(command, "-t30", "-", f"ABSTRACT-CONNECT:{name}") as other:
            other.write(b"hello")
            assert ours.read(5) == b"hello"
            other.end_input()
            ours.end_input()
            ours.ends(0)


# Scans, and the messages of nc.


def test_nc_scans_pync_and_pync_scans_nc(port: int) -> None:
    command = needs("nc")
    ours, chosen = listening_pync("-k")
    with ours, Program(command, "-zvn", "127.0.0.1", str(chosen)) as scan:
        scan.ends(0)
    with Program(command, "-lk", "127.0.0.1", str(port)) as other:
        until(lambda: is_bound(port), "nc to listen", other)
        with pync("-zvn", "127.0.0.1", str(port)) as scan:
            scan.ends(0)


def test_messages_about_an_open_port_are_equal() -> None:
    command = needs("nc")
    ours, port = listening_pync("-k", "--recv-only")
    said = []
    with ours:
        for start in (lambda *words: Program(command, *words), pync):
            with start("-zvn", "127.0.0.1", str(port)) as scan:
                said.append(scan.ends(0))
    assert said[0] == said[1] != b""


def test_messages_of_listeners_are_equal(port: int) -> None:
    command = needs("nc")
    said = []
    for start in (lambda *words: Program(command, *words), pync):
        with ExitStack() as stack:
            listener = stack.enter_context(start("-lvn", "127.0.0.1", str(port)))
            until(lambda: is_bound(port), "the listener", listener)
            listener.end_input()
            with connected(port) as peer:
                client = peer.sock.getsockname()[1]
                peer.half_closes()
                said.append(listener.ends(0).replace(b" %d\n" % client, b" CLIENT\n"))
    listening = b"Listening on 127.0.0.1 %d\n" % port
    assert said == [listening + b"Connection received on 127.0.0.1 CLIENT\n"] * 2


@pytest.mark.parametrize("open_one", [0, 1, None])
def test_both_have_the_same_status_for_a_range(open_one: int | None) -> None:
    command = needs("nc")
    statuses = []
    for start in (lambda *words: Program(command, *words), pync):
        with consecutive_ports(2) as socks, ExitStack() as stack:
            if open_one is not None:
                socks[open_one].listen()
            first, last = (sock.getsockname()[1] for sock in socks)
            scan = stack.enter_context(start("-zn", "127.0.0.1", f"{first}-{last}"))
            scan.ends(None)
            statuses.append(scan.process.returncode)
    assert statuses[0] == statuses[1] == (1 if open_one is None else 0)
