"""Functions for descriptors: is_open, is_terminal and write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pync.transports.descriptors import is_open, is_terminal, write


def test_is_open_and_is_terminal(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY)
    assert is_open(descriptor)
    assert not is_terminal(descriptor)
    os.close(descriptor)
    assert not is_open(descriptor)


def test_write_without_a_reader_raises_broken_pipe_error() -> None:
    read_end, write_end = os.pipe()
    try:
        assert write(write_end, b"hello") == 5
        os.close(read_end)
        with pytest.raises(BrokenPipeError):
            write(write_end, memoryview(b"hello"))
    finally:
        os.close(write_end)
