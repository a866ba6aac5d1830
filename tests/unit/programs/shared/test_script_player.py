"""Playing a script against a peer over a socket."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pync.core.errors import OutputGone, ScriptError, UsageError
from pync.core.script import parse
from pync.core.script_steps import Send
from pync.programs.shared.script_player import Played, load, play
from pync.transports.conn import StreamConn
from pync.transports.memory import pair
from pync.transports.stdio import Stdio


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


def to(descriptor: int) -> Callable[[bytes], None]:
    return Stdio(None, descriptor).show


def test_received_data_is_matched_in_order_and_shown(
    ends: tuple[StreamConn, StreamConn], shown: tuple[int, int]
) -> None:
    ours, peer = ends
    peer.send_all(b"login: password: $ ")
    peer.send_eof()
    text = 'expect "login: "\nsend "joe\\n"\nexpect "password: "\nexpect /. $/\nend\neof'
    ours.settimeout(3)
    assert play(parse(text, "x"), ours, to(shown[1])) == Played(sent_eof=True, peer_ended=True)
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
def test_missing_data_is_reported(
    ends: tuple[StreamConn, StreamConn], shown: tuple[int, int], script: str, said: str
) -> None:
    ends[1].send_all(b"a\0")
    with pytest.raises(ScriptError) as failure:
        play(parse(script, "x"), ends[0], to(shown[1]))
    assert str(failure.value).startswith(f"expect {said}")


#: The data of the peer, the script that expects it, and the data that the script sends.
VALID = {
    "exactly this": (b"HELLO\n", 'exact\nexpect "HEL" hex(4c) "O\\n"', b""),
    "a pattern that could go on": (b"47", "exact\nexpect /(?P<n>[0-9]+)/\nsend $n", b"47"),
    "captured": (b"id 12;x", 'expect /id (?P<id>\\d+);/\nsend "<" $id ">"', b"<12>"),
    "one of": (b"b2", 'exact\nexpect any of "a" | /b(?P<n>\\d)/ | "bc"\nsend $n * 2', b"22"),
    "one of, searched": (b"xxbyya", 'expect any of "a" | "b"\nexpect "a"', b""),
    "a group without a part": (b"a", 'exact\nexpect /a(?P<n>b)?/\nsend "<" $n ">"', b"<>"),
    "of one that did not come": (
        b"x",
        'exact\nexpect any of /a(?P<n>.)/ | "x"\nsend "<" $n ">"',
        b"<>",
    ),
    "unordered": (b"cab", 'exact\nexpect unordered "a", "b", "c"', b""),
    "unordered, searched": (b"..c..a..b", 'expect unordered "a", "b", "c"', b""),
    "skipped": (b"a\nb\nc\n", 'exact\nskip-to "b\\n"\nexpect "c\\n"', b""),
    "repeated": (b"123", "exact\nrepeat 3\nexpect $i\nsend $i\ndone", b"123"),
    "a number that came": (b"2", "exact\nexpect /(?P<n>.)/\nrepeat $n\nsend $i\ndone", b"12"),
    "functions": (b"", 'let a = "ab"\nsend upper($a) reverse($a) len($a) base64($a)', b"ABba2YWI="),
    "segments": (b"", 'segments "a", "b" "c"\nsegments each 2 "defgh"', b"abcdefgh"),
    "nothing yet": (b"", 'exact\nnothing-yet "an answer"\nsend "x"', b"x"),
}


@pytest.mark.parametrize("name", VALID)
def test_valid_dialogues(
    ends: tuple[StreamConn, StreamConn], shown: tuple[int, int], name: str
) -> None:
    said, script, sent = VALID[name]
    ours, peer = ends
    peer.send_all(said)
    play(parse(script, "x"), ours, to(shown[1]))
    ours.close()
    assert peer.recv_all() == sent


FAILING = {
    'exact\nexpect "b"': (b"ab", 'x:2: expected "b": wrong byte at 0; what came is "ab"'),
    'exact\nexpect "abc" as "the answer"': (b"abd", 'expected the answer ("abc"): wrong byte at 2'),
    'exact\nexpect any of "ab" | "ac"': (b"ad", 'expected "ab" | "ac": wrong byte at 1'),
    'exact\nexpect "a"\nend': (b"ab", "x:3: expected the peer's end, and nothing before it"),
    "exact\nexpect-reset 1ms": (b"", "expected the peer's reset (RST) within 0.001 s"),
    'expect "a"\nnothing-yet "more"': (b"ab", "expected nothing yet (more); what came is"),
    "reset": (b"", "this connection cannot be reset"),
    'let a = "x"\nrepeat $a\ndone': (b"", "x:2: $a is not a number: 'x'"),
}


@pytest.mark.parametrize("script", FAILING)
def test_failing_dialogues(
    ends: tuple[StreamConn, StreamConn], shown: tuple[int, int], script: str
) -> None:
    said, complaint = FAILING[script]
    ends[1].send_all(said)
    with pytest.raises(ScriptError) as failure:
        play(parse(script, "x"), ends[0], to(shown[1]))
    assert complaint in str(failure.value)


def test_close_step(ends: tuple[StreamConn, StreamConn], shown: tuple[int, int]) -> None:
    ours, peer = ends
    assert play(parse('send "a"\nclose', "x"), ours, to(shown[1])) == Played(closed=True)
    assert peer.recv_all() == b"a"


def test_peer_ends_early(ends: tuple[StreamConn, StreamConn], shown: tuple[int, int]) -> None:
    ends[1].close()
    with pytest.raises(ScriptError, match='expected "a", and the peer ended; nothing came'):
        play(parse('expect "a"', "x"), ends[0], to(shown[1]))


def test_the_user_takes_over(ends: tuple[StreamConn, StreamConn], shown: tuple[int, int]) -> None:
    assert play(parse("interact", "x"), ends[0], to(shown[1])) == Played(interact=True)


def test_output_without_a_reader(ends: tuple[StreamConn, StreamConn]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ends[1].send_all(b"a")
    with pytest.raises(OutputGone):
        play(parse('expect "a"', "x"), ends[0], to(writing))
    os.close(writing)


def test_load_script_file(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b'send "\xff"')
    (send,) = load(str(tmp_path / "s")).steps
    assert isinstance(send, Send)
    assert send.data.value({}) == b"\xff"
    with pytest.raises(UsageError, match=r"--expect: .*: no such file or directory"):
        load(str(tmp_path / "none"))
