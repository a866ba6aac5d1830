"""The logs of what moves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pync.core.errors import OutputError
from pync.core.hexdump import hexdump
from pync.engine.record import Recorder


def test_both_directions_in_their_order(tmp_path: Path) -> None:
    raw, dump = tmp_path / "raw", tmp_path / "dump"
    raw.write_bytes(b"from before")
    with Recorder(str(raw), str(dump)) as recorder:
        recorder.tap("sent", b"a\xff")
        recorder.tap("received", b"b\n")
        # A reader of the file need not wait for the end.
        assert raw.read_bytes() == b"a\xffb\n"
    assert dump.read_text() == hexdump(b"a\xff") + hexdump(b"b\n")


def test_what_was_there_is_kept_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"from before ")
    with Recorder(str(tmp_path / "raw"), append=True) as recorder:
        recorder.tap("sent", b"and now")
    assert (tmp_path / "raw").read_bytes() == b"from before and now"


def test_headings_have_time_direction_and_size_and_lines_of_their_own(tmp_path: Path) -> None:
    with Recorder(str(tmp_path / "raw"), timestamps=True) as recorder:
        recorder.tap("sent", b"a")
        recorder.tap("received", b"bc\n")
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d{4}"
    expected = rf"{time} > 1 bytes\na\n{time} < 3 bytes\nbc\n"
    assert re.fullmatch(expected, (tmp_path / "raw").read_text())


def test_a_file_that_cannot_be_opened_leaves_none_open(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"open .*no.such: no such file or directory"):
        Recorder(str(tmp_path / "raw"), str(tmp_path / "no" / "such"))


def test_a_full_disk_is_told() -> None:
    with (
        pytest.raises(OutputError, match="write /dev/full: no space left on device"),
        Recorder("/dev/full") as recorder,
    ):
        recorder.tap("sent", b"a")
