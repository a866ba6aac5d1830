"""The logs of transferred data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pync.core.address import Address
from pync.core.errors import OutputError
from pync.core.hexdump import hexdump, netcat_dump
from pync.engine.record import Recorder, Recorders


def test_both_directions_are_recorded_in_order(tmp_path: Path) -> None:
    raw, dump = tmp_path / "raw", tmp_path / "dump"
    raw.write_bytes(b"from before")
    with Recorder(str(raw), str(dump)) as recorder:
        recorder.tap("sent", b"a\xff")
        recorder.tap("received", b"b\n")
        # The data is written at once, not only when the file is closed.
        assert raw.read_bytes() == b"a\xffb\n"
    assert dump.read_text() == hexdump(b"a\xff") + hexdump(b"b\n")


def test_netcat_dump_counts_each_direction_separately(tmp_path: Path) -> None:
    with Recorder(hex_dump=str(tmp_path / "dump"), form="netcat") as recorder:
        recorder.tap("sent", b"one\n")
        recorder.tap("received", b"two\n")
        recorder.tap("sent", b"three\n")
    assert (tmp_path / "dump").read_text() == (
        netcat_dump(b"one\n", ">", 0)
        + netcat_dump(b"two\n", "<", 0)
        + netcat_dump(b"three\n", ">", 4)
    )


def test_append(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"from before ")
    with Recorder(str(tmp_path / "raw"), append=True) as recorder:
        recorder.tap("sent", b"and now")
    assert (tmp_path / "raw").read_bytes() == b"from before and now"


def test_timestamp_headings(tmp_path: Path) -> None:
    with Recorder(str(tmp_path / "raw"), timestamps=True) as recorder:
        recorder.tap("sent", b"a")
        recorder.tap("received", b"bc\n")
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d{4}"
    expected = rf"{time} > 1 bytes\na\n{time} < 3 bytes\nbc\n"
    assert re.fullmatch(expected, (tmp_path / "raw").read_text())


def test_no_file_stays_open_if_one_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"open .*no.such: no such file or directory"):
        Recorder(str(tmp_path / "raw"), str(tmp_path / "no" / "such"))


def test_full_disk() -> None:
    with (
        pytest.raises(OutputError, match="write /dev/full: no space left on device"),
        Recorder("/dev/full") as recorder,
    ):
        recorder.tap("sent", b"a")


def test_file_names_contain_connection_number_and_peer(tmp_path: Path) -> None:
    opened = Recorders(str(tmp_path / "{n}-{peer}"), str(tmp_path / "all"))
    for number, peer in enumerate((Address("tcp6", "fe80::1%lo", "7"), Address("unix")), 1):
        with opened(number, peer) as recorder:
            recorder.tap("sent", b"x")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["1-fe80__1_lo-7", "2-unnamed", "all"]
    assert (tmp_path / "all").read_bytes().count(b"78") == 2


def test_shared_file_is_truncated_only_once(tmp_path: Path) -> None:
    path = tmp_path / "all"
    for append, held in ((False, b"xx"), (True, b"oldxx")):
        path.write_bytes(b"old")
        opened = Recorders(str(path), append=append)
        for number in (1, 2):
            with opened(number, Address("unix", path="@a")) as recorder:
                recorder.tap("sent", b"x")
        assert path.read_bytes() == held
