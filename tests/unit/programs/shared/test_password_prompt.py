"""The prompt for a password on a terminal, which does not show it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pync.programs.shared.password_prompt import ask

pty = pytest.importorskip("pty")


@contextmanager
def terminal() -> Iterator[tuple[int, str]]:
    """Yield the user's side of a terminal, and the device name of the program's side."""
    person, program = pty.openpty()
    try:
        yield person, os.ttyname(program)
    finally:
        os.close(person)
        os.close(program)


def test_input_is_read_without_echo() -> None:
    import threading

    with terminal() as (person, name):
        answers: list[bytes] = []
        asking = threading.Thread(target=lambda: answers.append(ask("key: ", name)))
        asking.start()
        shown = b""
        while not shown.endswith(b"key: "):
            shown += os.read(person, 100)
        os.write(person, b"sesame\n")
        asking.join(10)
        assert answers == [b"sesame"]
        assert b"sesame" not in os.read(person, 100)


def test_no_terminal(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ask("key: ", str(tmp_path / "none"))
    (tmp_path / "file").write_bytes(b"sesame\n")
    with pytest.raises(OSError, match="ioctl"):
        ask("key: ", str(tmp_path / "file"))
