r"""How output is shown and input is parsed: --show, --input, --marks, --colour, --timestamps."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ..peer import Mailbox, Server
from .conftest import Start
from .terminal import Terminal

Sit = Callable[..., Terminal]


def test_both_directions_as_escapes(pync: Start, server: Server) -> None:
    program = pync("--show=escape", "--marks", "-C", "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"GET /\n")
    peer.hears(b"GET /\r\n")
    assert program.shows(b"> GET /\\r\\n\n")
    peer.says(b"200 \xc3\xa9\r\n\x00\xff")
    peer.closes()
    program.end_input()
    assert program.rest() == "< 200 é\\r\\n\n< \\x00\\xff".encode()
    program.ends()


def test_hex_dump_is_written_to_a_file(pync: Start, server: Server, tmp_path: Path) -> None:
    with open(tmp_path / "dump", "wb") as file:
        program = pync("-d", "--show=hex", "127.0.0.1", server.port, stdout=file)
        peer = server.accepts()
        peer.says(b"hello\n")
        peer.closes()
        program.ends()
    text = (tmp_path / "dump").read_text()
    assert text == f"0000   {'68 65 6c 6c 6f 0a':<23}  {'':<23}  {'hello.':<16}\n"


def test_displayed_escapes_can_be_sent(pync: Start, server: Server) -> None:
    data = bytes(range(256)) + "é\r\n\\x".encode()
    sender = pync("-d", "--show=escape", "127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(data)
    peer.closes()
    text = sender.rest()
    sender.ends()
    receiver = pync("--input=escape", "127.0.0.1", server.port)
    peer = server.accepts()
    receiver.write(text)
    receiver.end_input()
    assert peer.hears_rest() == data
    peer.closes()
    receiver.ends()


@pytest.mark.parametrize("how", ["pipe", "file"])
def test_hex_digits_are_sent(pync: Start, server: Server, tmp_path: Path, how: str) -> None:
    (tmp_path / "digits").write_bytes(b"48 65\n6c:6c,0x6f\n" * 10_000)
    with open(tmp_path / "digits", "rb") as file:
        source = {"stdin": file} if how == "file" else {}
        program = pync("--input=hex", "127.0.0.1", server.port, **source)
        peer = server.accepts()
        if how == "pipe":
            program.write((tmp_path / "digits").read_bytes())
            program.end_input()
        assert peer.hears_rest() == b"Hello" * 10_000
        peer.closes()
        program.ends()


def test_datagrams_are_typed_as_digits(pync: Start, box: Mailbox) -> None:
    program = pync("-u", "--input=hex", "127.0.0.1", box.port)
    program.write(b"00 01 ff\n")
    box.hears(b"\x00\x01\xff")


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("hex", b"48 6g", b"line 1, column 4: '6g' are not two hexadecimal digits\n"),
        ("hex", b"48\n6", b"line 2, column 1: '6' is half a byte: two digits make one\n"),
        ("escape", b"a\nb\\q", b"line 2, column 2: '\\q' is not an escape"),
    ],
)
def test_malformed_input_is_one_error_line(
    pync: Start, server: Server, form: str, text: bytes, said: bytes
) -> None:
    program = pync(f"--input={form}", "127.0.0.1", server.port)
    server.accepts()
    program.write(text)
    program.end_input()
    told = program.ends(2)
    assert told.startswith(b"pync: --input: " + said)
    assert told.count(b"\n") == 1


def test_typing_error_does_not_end_the_session(terminal: Sit, server: Server) -> None:
    person = terminal("--input=hex", "127.0.0.1", server.port)
    peer = server.accepts()
    person.types(b"4\r")
    person.sees(b"pync: --input: line 1, column 1: '4' is half a byte")
    person.types(b"48 69\r")
    peer.hears(b"Hi")
    person.types(b"zz\r")
    person.sees(b"pync: --input: line 3, column 1: 'z' is not a hexadecimal digit; the line is not")
    person.presses_control("d")
    peer.hears_end()


@pytest.mark.parametrize(
    ("words", "variable", "coloured"),
    [
        ((), None, True),
        (("--colour=never",), None, False),
        ((), "NO_COLOR", False),
        (("--color=always",), "NO_COLOR", True),
    ],
)
def test_colours_on_a_terminal(
    terminal: Sit,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    variable: str | None,
    coloured: bool,
) -> None:
    for name in ("NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    if variable is not None:
        monkeypatch.setenv(variable, "1")
    person = terminal("--marks", *words, "127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"login: ")
    person.sees(b"\x1b[32m< \x1b[39mlogin: " if coloured else b"< login: ")
    person.types(b"joe\r")
    person.sees(b"joe\r\n\x1b[36m> \x1b[39mjoe\r\n" if coloured else b"joe\r\n> joe\r\n")
    peer.hears(b"joe\n")


def test_lines_have_times_and_records_headings(pync: Start, server: Server, tmp_path: Path) -> None:
    words = ("--timestamps", "--marks", "--output", tmp_path / "record")
    program = pync("-d", *words, "127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"one\ntwo\n")
    peer.closes()
    assert re.fullmatch(rb"(\d\d:\d\d:\d\d\.\d{3} < (one|two)\n){2}", program.rest())
    program.ends()
    assert re.fullmatch(rb"\S+T\S+ < 8 bytes\none\ntwo\n", (tmp_path / "record").read_bytes())


def test_closed_reader_is_not_an_error(pync: Start, server: Server) -> None:
    program = pync("--marks", "127.0.0.1", server.port)
    server.accepts()
    program.stops_reading()
    program.write(b"a\n")
    program.ends(141)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--show=hexa", "h", "1"), b"--show: 'hexa' is not text, hex or escape"),
        (("--input=text", "h", "1"), b"--input: 'text' is neither hex nor escape"),
        (("--colour=red", "--marks", "h", "1"), b"--colour: 'red' is not auto, always or never"),
        (("--color", "h", "1"), b"--colour needs --marks"),
        (("--input=hex", "-C", "h", "1"), b"cannot use --input and -C"),
        (("--marks", "--edit", "h", "1"), b"cannot use --edit and --marks"),
        (("-z", "--show=hex", "h", "1"), b"cannot use --show and -z"),
        (("--timestamps", "-z", "h", "1"), b"--timestamps needs --output or --hex-dump"),
        (("-lk", "1", "h:1", "--raw"), b"cannot use --raw between two addresses"),
        (("-l", "--proxy-type=socks", "--marks", "1"), b"cannot use --marks and --proxy-type"),
    ],
)
def test_options_without_effect_are_refused(
    pync: Start, words: tuple[str, ...], said: bytes
) -> None:
    assert said in pync(*words).ends(2)
