r"""Control sequences from a peer: terminals are protected; files and pipes get all bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ..peer import Server, connected
from .conftest import Start
from .terminal import Terminal

Sit = Callable[..., Terminal]

#: Sets the clipboard, a query, colours, a byte that is not text, 8-bit CSI.
SENT = b"\x1b]52;c;cm0K\x07 \x1b[6n \x1b[31mred\x1b[m \xc3\xa9 \x9bc."
SHOWN = b"\\e]52;c;cm0K\\a \\e[6n \x1b[31mred\x1b[m \xc3\xa9 \\x9bc."

#: The same, one byte at a time; the network may join bytes, so the number of reads varies.
TORN = [SENT[at : at + 1] for at in range(len(SENT))]


@pytest.mark.parametrize("pieces", [[SENT], TORN], ids=["whole", "torn"])
def test_harmful_sequences_do_not_reach_a_terminal(
    terminal: Sit, server: Server, pieces: list[bytes]
) -> None:
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    for piece in pieces:
        peer.says(piece)
    peer.closes()
    assert person.sees_to_the_end().startswith(SHOWN)
    assert person.ends() == 0


@pytest.mark.parametrize(
    "words",
    [("--raw",), ("--as=nc",), ("--as=ncat",), ("--as=telnet",)],
    ids=lambda words: words[0],
)
def test_raw_output_by_option_or_in_other_dialects(
    terminal: Sit, server: Server, words: tuple[str, ...]
) -> None:
    person = terminal(*words, "127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(SENT)
    person.sees(SENT)


def test_incomplete_sequence_at_the_end_is_shown(terminal: Sit, server: Server) -> None:
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"no more \x1b[3")
    peer.closes()
    seen = person.sees_to_the_end()
    assert seen.startswith(b"no more ")
    assert b"\\e[3" in seen


def test_character_split_between_two_reads_is_shown(terminal: Sit, server: Server) -> None:
    person = terminal("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says("Привет> ".encode()[:3])
    person.sees("П".encode())
    peer.says("Привет> ".encode()[3:])
    person.sees("ривет> ".encode())


def test_output_of_a_listener_is_filtered(terminal: Sit) -> None:
    person = terminal("-lkv", "127.0.0.1", "0")
    person.sees(b"Listening on 127.0.0.1 ")
    with connected(int(person.reads_line())) as peer:
        peer.says(b"\x1b[6n\x1b]0;t\x07\n")
        person.sees(rb"\e[6n\e]0;t\a")


def test_output_of_a_script_is_filtered(terminal: Sit, server: Server, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text('expect "login: "\nsend "joe\\n"\ninteract\n')
    person = terminal("--expect", script, "127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"\x1b[6nlogin: ")
    peer.hears(b"joe\n")
    peer.says(b"\x1b[c")  # the user continues after the script
    peer.closes()
    assert person.sees_to_the_end().startswith(rb"\e[6nlogin: \e[c")


def test_output_of_the_line_editor_is_filtered(terminal: Sit, server: Server) -> None:
    pytest.importorskip("prompt_toolkit")
    person = terminal("--edit", "127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"\x1b[6n\x1b[31mred\x1b[m\n")
    person.sees(b"\\e[6n\x1b[31mred\x1b[m")
    peer.closes()
    person.ends()


def test_files_and_pipes_get_every_byte(pync: Start, server: Server, tmp_path: Path) -> None:
    everything = SENT + bytes(range(256)) + b"\x1b]52;"
    program = pync("-d", "127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(everything)
    peer.closes()
    assert program.rest() == everything
    program.ends()
    with open(tmp_path / "file", "wb") as file:
        program = pync("-d", "127.0.0.1", server.port, stdout=file)
        peer = server.accepts()
        peer.says(everything)
        peer.closes()
        program.ends()
    assert (tmp_path / "file").read_bytes() == everything


def test_record_is_not_filtered(terminal: Sit, server: Server, tmp_path: Path) -> None:
    person = terminal("--output", tmp_path / "record", "127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(SENT)
    person.sees(SHOWN)
    peer.closes()
    assert person.ends() == 0
    assert (tmp_path / "record").read_bytes() == SENT
