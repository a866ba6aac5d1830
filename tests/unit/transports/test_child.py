"""A running child process as one end of a relay."""

from __future__ import annotations

import re
import select
import sys
from pathlib import Path

import pytest

import pync
from pync.core.errors import ExecError
from pync.transports.child import PASSED, SECRETS, Process
from pync.transports.process import start

from ...systems import only_posix


def read_all(process: Process) -> bytes:
    data = b""
    while True:
        select.select(process.read_fds(), [], [], 10)
        piece = process.recv(65536)
        if not piece:
            return data
        data += piece


@only_posix
def test_input_and_output() -> None:
    with Process(["cat"], {}) as process:
        assert process.send(b"hello") == 5
        process.send_eof()
        process.send_eof()
        assert read_all(process) == b"hello"
        assert process.wait() == 0
    assert process.read_fds() == ()
    assert process.write_fd() == -1


@only_posix
def test_data_for_a_child_that_has_exited_is_dropped() -> None:
    with Process(["true"], {}) as process:
        assert read_all(process) == b""
        assert process.wait() == 0
        assert process.send(b"too late") == 8


def fill(process: Process) -> None:
    while True:
        process.send(bytes(65536))


@only_posix
def test_full_pipe_raises_blocking_io_error() -> None:
    with Process(["sleep", "60"], {}) as process:
        with pytest.raises(BlockingIOError):
            fill(process)
        process.terminate()
        assert process.wait() == 128 + 15


@only_posix
def test_environment_and_exit_status() -> None:
    with Process(["sh", "-c", "echo $WORD; exit 3"], {"WORD": "yes"}) as process:
        assert read_all(process) == b"yes\n"
        assert process.wait() == 3


def test_missing_program() -> None:
    with pytest.raises(ExecError, match="exec /no/such: no such file or directory"):
        Process(["/no/such"], {})


def test_argument_with_nul() -> None:
    with pytest.raises(ExecError, match="null"):
        start(["echo", "a\0b"] if sys.platform != "win32" else ["echo a\0b"], {})


@only_posix
def test_nul_in_a_variable_is_replaced() -> None:
    with Process(["sh", "-c", 'echo "$NAME"'], {"NAME": "@a\0b"}) as process:
        assert read_all(process) == b"@a@b\n"
        assert process.wait() == 0


@only_posix
def test_private_variables_are_not_passed_to_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS | PASSED:
        monkeypatch.setenv(name, "not for children")
    monkeypatch.setenv("PYNC_AS", "ncat")
    with Process(["env"], {}) as process:
        shown = read_all(process)
        assert process.wait() == 0
    assert b"PYNC_AS=ncat\n" in shown
    assert b"not for children" not in shown


def test_list_of_secret_variables_is_complete() -> None:
    package = Path(pync.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    named = re.findall(r"PYNC_\w*(?:AUTH|KEY|PASSWORD|SECRET)\b", source)
    assert set(named) == SECRETS
