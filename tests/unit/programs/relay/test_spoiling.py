"""A relay with faults (--fault), for every pair of transports."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pync.core.errors import UsageError
from pync.core.events import silent
from pync.programs.relay.spoiling import FaultSetup, SpoiledRelay

from ....clock import Stopwatch
from .conftest import SIDES, Join
from .test_session import is_aborted

near = pytest.mark.parametrize("near", SIDES)
far = pytest.mark.parametrize("far", SIDES)


@near
@far
def test_delay_and_slice(join: Join, near: str, far: str) -> None:
    sides = join(near, far, "--fault=delay=30ms±30ms", "--fault=up slice=2")
    watch = Stopwatch()
    for _ in range(3):
        sides.client.send_all(b"question")
        assert sides.server.recv_exactly(8) == b"question"
        sides.server.send_all(b"answer")
        assert sides.client.recv_exactly(6) == b"answer"
    assert watch.elapsed > 0
    sides.server.send_eof()
    assert sides.client.recv() == b""


@near
@far
def test_cut_after(join: Join, near: str, far: str) -> None:
    sides = join(near, far, "--fault=down cut-after=3")
    sides.server.send_all(b"answer")
    assert sides.client.recv_all() == b"ans"
    sides.client.send_all(b"still heard")
    assert sides.server.recv_exactly(11) == b"still heard"


@near
@far
@pytest.mark.parametrize("way", ["up", "down"])
def test_reset_after_resets_both_sides(join: Join, near: str, far: str, way: str) -> None:
    sides = join(near, far, f"--fault={way} reset-after=3")
    sender, receiver = sides.client, sides.server
    if way == "down":
        sender, receiver = receiver, sender
    sender.send_all(b"message")
    assert receiver.recv_exactly(3) == b"mes"
    assert is_aborted(sides.client, near)
    assert is_aborted(sides.server, far)
    assert sides.ends() == 1


@near
@far
def test_reset_at_eof(join: Join, near: str, far: str) -> None:
    sides = join(near, far, "--fault=down reset-at=eof")
    sides.server.send_all(b"answer")
    sides.server.send_eof()
    assert sides.client.recv_exactly(6) == b"answer"
    assert is_aborted(sides.client, near)
    assert sides.ends() == 1


@near
@far
def test_no_half_close(join: Join, near: str, far: str) -> None:
    sides = join(near, far, "--fault=no-half-close")
    sides.server.send_all(b"answer")
    sides.server.send_eof()
    assert sides.client.recv_all() == b"answer"
    assert sides.server.recv_all() == b""
    assert sides.ends() == 0


@near
@far
@pytest.mark.parametrize("fault", ["down drop-fin", "down blackhole"])
def test_lost_eof_follows_when_the_other_side_has_ended(
    join: Join, near: str, far: str, fault: str
) -> None:
    sides = join(near, far, f"--fault={fault}", "--fault=up delay=50ms")
    watch = Stopwatch()
    sides.server.send_eof()
    sides.client.send_eof()
    assert sides.server.recv_all() == b""
    assert sides.client.recv_all() == b""
    assert watch.reached(0.05)
    assert sides.ends() == 0


def test_same_seed_corrupts_the_same_bytes(join: Join) -> None:
    sent = bytes(10_000)

    def received(seed: int) -> bytes:
        sides = join("tcp", "tcp", "--fault=up corrupt=1%", f"--fault-seed={seed}")
        sides.client.send_all(sent)
        sides.client.send_eof()
        return sides.server.recv_all()

    first = received(7)
    assert len(first) == len(sent)
    assert 50 < sum(map(bool, first)) < 200
    assert received(7) == first != received(8)


@pytest.mark.parametrize("way", ["up", "down"])
def test_fault_of_one_direction_does_not_affect_the_other(join: Join, way: str) -> None:
    sides = join("tcp", "tcp", f"--fault={way} corrupt=1")
    clean_side, corrupted_side = sides.client, sides.server
    if way == "down":
        clean_side, corrupted_side = corrupted_side, clean_side
    corrupted_side.send_all(b"whole")
    assert clean_side.recv_exactly(5) == b"whole"
    clean_side.send_all(b"\0\0\0\0\0")
    assert 0 not in corrupted_side.recv_exactly(5)


class WaitingSession:
    """A connection that is not connected to its target yet."""

    number = 7
    given_up = False

    def give_up(self) -> None:
        self.given_up = True


def test_kill_before_the_onward_connection_exists() -> None:
    relay, session = SpoiledRelay(FaultSetup()), WaitingSession()
    clients: Any = SimpleNamespace(sessions={session})
    relay.open(None, clients, silent)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no connection has the number 8"):
        relay.kill(8, "rst")
    assert not session.given_up
    relay.kill(7, "fin")
    assert session.given_up
