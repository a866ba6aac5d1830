"""--output, --hex-dump, --timestamps: record the transferred data in files."""

from __future__ import annotations

import re
from pathlib import Path

from ..peer import connected, listening, mailbox
from ..programs import listening_pync, pync


def test_both_directions_of_all_clients(tmp_path: Path) -> None:
    raw, dump = tmp_path / "raw", tmp_path / "dump"
    ours, port = listening_pync("-k", "--output", str(raw), "--hex-dump", str(dump))
    with ours:
        ours.write(b"hello\n")
        with connected(port) as first:
            first.hears(b"hello\n")
            first.says(b"\x00\xff")
            assert ours.read(2) == b"\x00\xff"
        with connected(port) as second:
            second.says(b"again")
            assert ours.read(5) == b"again"
            assert raw.read_bytes() == b"hello\n\x00\xffagain"
            assert len(dump.read_text().splitlines()) == 3


def test_each_datagram_has_a_heading(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        mailbox() as box,
        pync(
            "-u", "--timestamps", "--append-output", "--output", str(log), "127.0.0.1", box.port
        ) as ours,
    ):
        ours.write(b"ping\n")
        box.hears(b"ping\n")
        box.says(b"pong")
        assert ours.read(4) == b"pong"
        shown = re.sub(r"^\S+T\S+ ", "", log.read_text(), flags=re.MULTILINE)
        assert shown == "> 5 bytes\nping\n< 4 bytes\npong\n"


def test_write_error_of_a_log_is_reported(tmp_path: Path) -> None:
    with listening() as server, pync("--output", "/dev/full", "127.0.0.1", server.port) as ours:
        server.accepts().says(b"x")
        assert ours.ends(1) == b"pync: write /dev/full: no space left on device\n"
