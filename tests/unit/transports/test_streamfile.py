"""A connection as a file: it behaves like the files of io."""

from __future__ import annotations

import csv
import io
import json

import pytest

from pync.transports.memory import pair


def test_readable_and_writable() -> None:
    left, right = pair()
    with left, right:
        reader, writer = left.makefile("rb"), left.makefile("wb")
        assert (reader.readable(), reader.writable(), reader.seekable()) == (True, False, False)
        assert (writer.readable(), writer.writable()) == (False, True)
        with pytest.raises(io.UnsupportedOperation, match="reading"):
            writer.read()
        with pytest.raises(io.UnsupportedOperation, match="writing"):
            reader.write(b"x")
        reader.close()
        with pytest.raises(ValueError, match="closed"):
            reader.readline()
        with pytest.raises(ValueError, match="mode 'a' is none of"):
            left.makefile("a")  # type: ignore[call-overload]
        assert left.makefile().name == str(left.peer)  # type: ignore[attr-defined]


def test_read_sizes_and_eof() -> None:
    left, right = pair()
    with left, right:
        file = right.makefile("rb")
        left.send_all(b"1234567890\nab")
        assert file.read(0) == file.readline(0) == file.read1(0) == b""
        assert [file.readline(4), file.readline(99), file.read1()] == [b"1234", b"567890\n", b"ab"]
        left.send_all(b"more")
        left.send_eof()
        assert file.read(99) == b"more"
        assert [file.read(), file.read1(), file.readline(), file.readline(5)] == [b""] * 4
        into = bytearray(3)
        assert file.readinto(into) == file.readinto1(into) == 0


def test_text_file_does_not_read_ahead() -> None:
    left, right = pair()
    with left, right:
        left.send_all('eins\nzwei\r\n{"drei": "größer"}\n4,5\n6,7\n'.encode())
        text = right.makefile("r")
        assert text.readline() == "eins\n"
        assert right.recv_line() == b"zwei\r\n"
        assert json.loads(text.readline()) == {"drei": "größer"}
        left.send_eof()
        assert list(csv.reader(text)) == [["4", "5"], ["6", "7"]]


def test_text_is_sent_at_once() -> None:
    left, right = pair()
    with left, right, left.makefile("w", encoding="latin-1", newline="\r\n") as text:
        print("grün", 1, file=text)
        assert right.recv_line() == b"gr\xfcn 1\r\n"
