"""Child processes on Windows: command lines, pipes, and their termination."""

from __future__ import annotations

import os
import select
import sys

import pytest

if sys.platform != "win32":
    pytest.skip("only on Windows", allow_module_level=True)

from pathlib import Path

from pync.core.errors import ExecError
from pync.transports.process import start, words_of
from pync.transports.windows.process import WindowsProcess

PATIENCE = 20.0
PYTHON = f'"{sys.executable}"'

#: Reads stdin until EOF and writes it in upper case.
SHOUT = "import sys; sys.stdout.write(sys.stdin.read().upper())"


def run(code: str, **environment: str) -> WindowsProcess:
    return WindowsProcess(f'{PYTHON} -c "{code}"', environment)


def output(process: WindowsProcess) -> bytes:
    data = b""
    while True:
        ready, _, _ = select.select(process.read_fds(), [], [], PATIENCE)
        assert ready, f"no end, only {data!r}"
        piece = process.recv(65536)
        if not piece:
            return data
        data += piece


def test_input_and_output() -> None:
    with run(SHOUT) as process:
        process.send(b"hello")
        process.send_eof()
        process.send_eof()
        assert output(process) == b"HELLO"
        assert process.wait() == 0


def test_environment_and_exit_status() -> None:
    with run("import os, sys; sys.exit(int(os.environ['WISHED']))", WISHED="7") as process:
        assert output(process) == b""
        assert process.wait() == 7
        assert process.status == 7


def test_quoted_arguments_are_passed_unchanged() -> None:
    line = f"""{PYTHON} -c "import sys; print(sys.argv[1:])" one "two three" C:\\dir\\ "q\\"q" """
    with start(words_of(line, shell=False), {}) as process:
        assert isinstance(process, WindowsProcess)
        assert (
            output(process).split() == b"""['one', 'two three', 'C:\\\\dir\\\\', 'q"q']""".split()
        )


def test_shell_command() -> None:
    with start(words_of("echo one&echo two", shell=True), {}) as process:
        assert isinstance(process, WindowsProcess)
        assert output(process).split() == [b"one", b"two"]


def test_close_terminates_a_child_with_its_children() -> None:
    sleeper = "import threading; threading.Event().wait(600)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{sleeper}'])"
    process = run(f"print('here', flush=True); {parent}")
    ready, _, _ = select.select(process.read_fds(), [], [], PATIENCE)
    assert ready
    assert process.recv(100).strip() == b"here"
    process.close()
    process.close()
    assert process.wait() == 143


def test_child_may_close_its_input() -> None:
    with run("import os; os.close(0); print('still here')") as process:
        assert output(process).strip() == b"still here"
        for _ in range(50):
            assert process.send(b"not wanted") == 10


def test_missing_program() -> None:
    with pytest.raises(ExecError, match="exec no-such-program"):
        start(words_of("no-such-program", shell=False), {})


def test_batch_file_needs_a_shell(tmp_path: Path) -> None:
    batch = tmp_path / "x.bat"
    batch.write_text("@echo ran\n")
    with pytest.raises(ExecError, match="it is a batch file, for a shell: use --sh-exec"):
        words_of(f'"{batch}" word', shell=False)
    with start(words_of(f'"{batch}"', shell=True), {}) as process:
        assert isinstance(process, WindowsProcess)
        assert output(process).strip() == b"ran"


def test_empty_command() -> None:
    with pytest.raises(ExecError, match="the command is empty"):
        words_of("  ", shell=False)
    assert os.environ.get("COMSPEC")
