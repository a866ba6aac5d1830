"""A script against a peer that is a socket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pync.core.errors import OutputGone, ScriptError, UsageError
from pync.core.script import parse
from pync.programs.shared.script_player import Played, load, play
from pync.transports.conn import StreamConn
from pync.transports.memory import pair


@pytest.fixture
def ends() -> Iterator[tuple[StreamConn, StreamConn]]:
    ours, peer = pair()
    with ours, peer:
        yield ours, peer


@pytest.fixture
def shown() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_what_comes_is_matched_in_order_and_shown(
    ends: tuple[StreamConn, StreamConn], shown: tuple[int, int]
) -> None:
    ours, peer = ends
    peer.send_all(b"login: password: $ ")
    peer.send_eof()
    text = 'expect "login: "\nsend "joe\\n"\nexpect "password: "\nexpect /. $/\nend\neof'
    ours.settimeout(3)
    assert play(parse(text, "x"), ours, shown[1]) == Played(sent_eof=True, peer_ended=True)
    assert ours.gettimeout() == 3
    assert os.read(shown[0], 100) == b"login: password: $ "
    assert [peer.recv(100), peer.recv(100)] == [b"joe\n", b""]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('expect "b" 1ms', 'x:1: expected "b" within 0.001 s; what came is "a\\x00"'),
        ('expect "a"\nexpect /b/ 1ms', "x:2: expected /b/ within 0.001 s; what came is"),
        ("end 1ms", "x:1: expected the peer's end within 0.001 s"),
    ],
)
def test_what_does_not_come_is_said(
    ends: tuple[StreamConn, StreamConn], shown: tuple[int, int], script: str, said: str
) -> None:
    ends[1].send_all(b"a\0")
    with pytest.raises(ScriptError) as failure:
        play(parse(script, "x"), ends[0], shown[1])
    assert str(failure.value).startswith(f"expect {said}")


def test_a_peer_that_ends_early(
    ends: tuple[StreamConn, StreamConn], shown: tuple[int, int]
) -> None:
    ends[1].close()
    with pytest.raises(ScriptError, match='expected "a", and the peer ended; nothing came'):
        play(parse('expect "a"', "x"), ends[0], shown[1])


def test_the_user_takes_over(ends: tuple[StreamConn, StreamConn], shown: tuple[int, int]) -> None:
    assert play(parse("interact", "x"), ends[0], shown[1]) == Played(interact=True)


def test_nobody_reads_what_is_shown(ends: tuple[StreamConn, StreamConn]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ends[1].send_all(b"a")
    with pytest.raises(OutputGone):
        play(parse('expect "a"', "x"), ends[0], writing)
    os.close(writing)


def test_a_script_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b'send "\xff"')
    assert load(str(tmp_path / "s")).steps[0] == (1, b"\xff")
    with pytest.raises(UsageError, match=r"--expect: .*: no such file or directory"):
        load(str(tmp_path / "none"))
