"""telnet, and pync as telnet, with the same host: the data on the wire is equal.

The host sends something, the program answers; a barrier (an unknown option) proves that
the answer is complete.
"""

from __future__ import annotations

import pytest

from ..e2e.terminal import Terminal
from ..peer import Peer, listening
from ..programs import PYNC, Program, needs

OURS = [*PYNC, "--as=telnet"]

#: DO 99, which is answered with WONT 99.
BARRIER, PASSED = b"\xff\xfd\x63", b"\xff\xfc\x63"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("DISPLAY", "elsewhere:0")
    for name in ("PRINTER", "LINES", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def heard(peer: Peer, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        piece = peer.sock.recv(4096)
        assert piece, f"heard {data!r}, then the end"
        data += piece
    return data.removesuffix(end)


#: Subnegotiations: IAC SB option SEND IAC SE.
ASKED = {
    "DO BINARY": b"\xff\xfd\x00",
    "DO ECHO": b"\xff\xfd\x01",
    "DO SGA": b"\xff\xfd\x03",
    "DO STATUS": b"\xff\xfd\x05",
    "DO TIMING-MARK": b"\xff\xfd\x06",
    "DO TIMING-MARK twice": b"\xff\xfd\x06\xff\xfd\x06",
    "DO TTYPE": b"\xff\xfd\x18",
    "DO NAWS": b"\xff\xfd\x1f",
    "DO TSPEED": b"\xff\xfd\x20",
    "DO XDISPLOC": b"\xff\xfd\x23",
    "DO ENVIRON": b"\xff\xfd\x24",
    "DO AUTHENTICATION": b"\xff\xfd\x25",
    "DO NEW-ENVIRON": b"\xff\xfd\x27",
    "DO 200": b"\xff\xfd\xc8",
    "WILL BINARY": b"\xff\xfb\x00",
    "WILL ECHO": b"\xff\xfb\x01",
    "WILL ECHO twice": b"\xff\xfb\x01\xff\xfb\x01",
    "WILL ECHO, WONT ECHO": b"\xff\xfb\x01\xff\xfc\x01",
    "WILL SGA": b"\xff\xfb\x03",
    "WILL STATUS": b"\xff\xfb\x05",
    "WILL TIMING-MARK": b"\xff\xfb\x06",
    "WILL TTYPE": b"\xff\xfb\x18",
    "WILL NAWS": b"\xff\xfb\x1f",
    "WILL LINEMODE": b"\xff\xfb\x22",
    "WILL 200": b"\xff\xfb\xc8",
    "WONT ECHO": b"\xff\xfc\x01",
    "DONT SGA": b"\xff\xfe\x03",
    "NOP, GA, DM": b"\xff\xf1\xff\xf9\xff\xf2",
    "TTYPE": b"\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0",
    "TTYPE without consent": b"\xff\xfa\x18\x01\xff\xf0",
    "an empty subnegotiation": b"\xff\xfa\xff\xf0",
    "a subnegotiation cut off by WILL ECHO": b"\xff\xfa\xff\xfb\x01",
    "a subnegotiation of option 255": b"\xff\xfa\xff\xffaa\xff\xf0",
    "TTYPE without data": b"\xff\xfd\x18\xff\xfa\x18\xff\xf0",
    "TTYPE without SE": b"\xff\xfd\x18\xff\xfa\x18\x01\xff\xf1",
    "TSPEED": b"\xff\xfd\x20\xff\xfa\x20\x01\xff\xf0",
    "XDISPLOC": b"\xff\xfd\x23\xff\xfa\x23\x01\xff\xf0",
    "NEW-ENVIRON": b"\xff\xfd\x27\xff\xfa\x27\x01\xff\xf0",
    "NEW-ENVIRON by name": b"\xff\xfd\x27\xff\xfa\x27\x01\x00DISPLAY\xff\xf0",
}


@pytest.mark.parametrize("asked", ASKED)
def test_options_on_a_terminal(asked: str) -> None:
    def answer(command: list[str]) -> bytes:
        with listening() as server, Terminal([*command, "127.0.0.1", server.port]) as person:
            peer = server.accepts()
            person.sees(b"Escape character is '^]'.\r\n")
            peer.says(ASKED[asked] + BARRIER)
            said = heard(peer, PASSED)
            peer.closes()
            person.sees(b"Connection closed by foreign host.\r\n")
            assert person.ends() == 0
            return said

    assert answer(OURS) == answer([needs("telnet")])


#: What is written into a pipe, and how.
TYPED = {
    "a line": ([], b"hello\n"),
    "no line's end": ([], b"hello"),
    "0xFF": ([], b"a\xffb\n"),
    "a lone CR": ([], b"a\rb\n"),
    "several lines": ([], b"a\n\n\nb\n"),
    "-E": (["-E"], b"a\x1db\n"),
    "-L": (["-L"], b"hi\n"),
    "-8": (["-8"], b"hi\n"),
    "-l": (["-l", "joe"], b"hi\n"),
    "-K": (["-K"], b"hi\n"),
    "-a": (["-a"], b"hi\n"),
    "-c -d": (["-c", "-d"], b"hi\n"),
    "-x": (["-x"], b"hi\n"),
    "^] quit": ([], b"\x1dquit\n"),
    "^] send ayt": ([], b"hi\n\x1dsend ayt\n"),
    "^] send brk ip": ([], b"\x1dsend brk ip\n"),
    "^] status": ([], b"hi\n\x1dstatus\n"),
    "-e x": (["-e", "x"], b"xquit\n"),
}


@pytest.mark.parametrize("typed", TYPED)
def test_piped_input(typed: str) -> None:
    """telnet drops data that it has read when its input ends, so the end must come later."""
    words, data = TYPED[typed]
    with (
        listening() as server,
        Program(*OURS, *words, "127.0.0.1", server.port) as ours,
    ):
        peer = server.accepts()
        ours.write(data)
        ours.end_input()
        sent = peer.hears_rest()
        peer.closes()
        told = ours.rest(), ours.ends(0)
    with (
        listening() as server,
        Program(needs("telnet"), *words, "127.0.0.1", server.port) as theirs,
    ):
        peer = server.accepts()
        theirs.write(data)
        peer.hears(sent)
        theirs.end_input()
        peer.hears_end()
        peer.closes()
        assert told == (theirs.rest(), theirs.ends(0))


#: Keys on a terminal, line by line: what is typed, and the last bytes that the host gets.
KEYS = {
    "a line": (b"hello\r", b"\r\n"),
    "erased": (b"hex\x7fllo\r", b"\r\n"),
    "^C": (b"ab\x03", b"\xff\xfd\x06"),
    "^\\": (b"ab\x1c", b"\xff\xfd\x06"),
    "^Z": (b"ab\x1a", b"\xff\xfd\x06"),
    "^D": (b"\x04", b"\x04"),
    "^D after text": (b"ab\x04", b"ab"),
}


@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize("echoes", [False, True], ids=["line by line", "character by character"])
def test_keys(keys: str, echoes: bool) -> None:
    typed, last = KEYS[keys]

    def told(command: list[str]) -> bytes:
        with listening() as server, Terminal([*command, "127.0.0.1", server.port]) as person:
            peer = server.accepts()
            person.sees(b"Escape character is '^]'.\r\n")
            if echoes:
                peer.says(b"\xff\xfb\x01\xff\xfb\x03")
                peer.hears(b"\xff\xfd\x01\xff\xfd\x03")
                peer.says(b"ready")
                person.sees(b"ready")
            person.types(typed)
            return heard(peer, typed[-1:] if echoes and typed[-1:] != b"\r" else _end(echoes, last))

    assert told(OURS) == told([needs("telnet")])


def _end(echoes: bool, last: bytes) -> bytes:
    return b"\r\0" if echoes else last


@pytest.mark.parametrize(
    ("says", "seen"),
    [
        (b"a\r\nb", b"a\r\nb"),
        (b"a\nb", b"a\r\nb"),
        (b"a\r\0b", b"a\rb"),
        (b"a\xff\xffb", b"a\xffb"),
        (b"a\xff\xf1b\xff\xf9c", b"abc"),
        (b"a\xff\xfa\xff\xf0b", b"ab"),
        (b"a\xff\xfa\xff\xf1b", b"ab"),
        (b"a\xff\xfa\xff\xff\xff\xf0b", b"ab"),
        (b"a\xff\xfa\xff\xffaa\xff\xf0b", b"ab"),
        (b"a\xff\xfa\x18" + b"x" * 9000 + b"\xff\xf0b", b"ab"),
    ],
)
def test_terminal_output(says: bytes, seen: bytes) -> None:
    for command in ([needs("telnet")], OURS):
        with listening() as server, Terminal([*command, "127.0.0.1", server.port]) as person:
            peer = server.accepts()
            person.sees(b"Escape character is '^]'.\r\n")
            peer.says(says + b"\r\n")
            assert person.reads_line().startswith(seen.partition(b"\r\n")[0])
            peer.closes()
            assert person.sees_to_the_end().endswith(b"Connection closed by foreign host.\r\n")


def test_new_window_size_is_sent() -> None:
    def told(command: list[str]) -> bytes:
        with listening() as server, Terminal([*command, "127.0.0.1", server.port]) as person:
            peer = server.accepts()
            person.sees(b"Escape character is '^]'.\r\n")
            peer.says(b"\xff\xfd\x1f")
            first = heard(peer, b"\xff\xf0")
            person.resizes(31, 101)
            return first + heard(peer, b"\xff\xf0")

    assert told(OURS) == told([needs("telnet")])


@pytest.mark.parametrize(
    "typed",
    ["status", "send foo", "open elsewhere", "foo", "s", "toggle crlf", "set echo off", "? send"],
)
def test_commands_on_a_terminal(typed: str) -> None:
    """The output of a command; a line without a command goes back to the host."""

    def screen(command: list[str]) -> bytes:
        with listening() as server, Terminal([*command, "127.0.0.1", server.port]) as person:
            peer = server.accepts()
            person.sees(b"Escape character is '^]'.\r\n")
            person.types(b"\x1d")
            person.sees(b"telnet> ")
            person.types(typed.encode() + b"\r")
            person.sees(typed.encode() + b"\r\n")
            peer.closes()
            person.types(b"\r")
            return person.sees_to_the_end()

    assert screen(OURS).split() == screen([needs("telnet")]).split()
