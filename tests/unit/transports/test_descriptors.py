"""Descriptors: whether one is open or a terminal, and writing to one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pync.transports.descriptors import is_open, is_terminal, write


def test_whether_it_is_open(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY)
    assert is_open(descriptor)
    assert not is_terminal(descriptor)
    os.close(descriptor)
    assert not is_open(descriptor)


def test_what_nobody_reads_cannot_be_written() -> None:
    read_end, write_end = os.pipe()
    try:
        assert write(write_end, b"hello") == 5
        os.close(read_end)
        with pytest.raises(BrokenPipeError):
            write(write_end, memoryview(b"hello"))
    finally:
        os.close(write_end)
