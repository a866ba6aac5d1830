"""If the system runs out of processes, descriptors or ports, no server fails because of that."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.clients import connect as connecting
from conformance.core import system
from conformance.core.system import start_process
from conformance.core.verdict import SuiteFailed, Unreachable, Verdict
from conformance.plan import Options, Plan
from conformance.runner.judge import run
from conformance.targets import readiness
from conformance.targets.helpers import inetd
from conformance.targets.process import dismiss_helpers

from ..systems import only_posix
from .judging import PYTHON

SHORT = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC)
FAULTS_OF_A_COMMAND = (errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.E2BIG, errno.ENOTDIR)
ALWAYS = 1000

#: A correct server, which the suite must start and check for readiness.
SERVER = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    while True:
        with listener.accept()[0] as conn:
            while data := conn.recv(65536):
                conn.sendall(data)
"""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(system, "PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(inetd, "PAUSES", (0.0, 0.0, 0.0))
    yield
    dismiss_helpers()


@pytest.fixture
def server(tmp_path: Path) -> str:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    return f"{PYTHON} {script} {{port}}"


def fails(times: int, number: int, otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """A call that fails this many times with an error of the system."""
    left = [times]

    def call(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise OSError(number, os.strerror(number))
        return otherwise(*arguments, **named)

    return call


@pytest.mark.parametrize("number", SHORT)
def test_start_is_retried_while_resources_are_short(number: int) -> None:
    assert start_process(fails(3, number, lambda: "started"), "./server") == "started"


@pytest.mark.parametrize("number", SHORT)
def test_permanent_lack_of_resources_is_reported(number: int) -> None:
    with pytest.raises(SuiteFailed) as failure:
        start_process(fails(ALWAYS, number, lambda: None), "./server")
    cause = os.strerror(number).lower()
    assert str(failure.value) == (
        f"cannot start './server': {cause} (this system's error, not the server's)"
    )


@pytest.mark.parametrize("number", FAULTS_OF_A_COMMAND)
def test_wrong_command_is_not_retried(number: int) -> None:
    with pytest.raises(Unreachable, match=r"cannot start './server': "):
        start_process(fails(1, number, lambda: "started"), "./server")


def test_unnamed_error_of_windows_is_shown_with_its_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class WindowsError(OSError):
        winerror = 1359

    def begin() -> None:
        raise WindowsError(errno.EINVAL, "An internal error occurred")

    monkeypatch.setattr(system, "_NO_PROCESS", {errno.EINVAL})
    with pytest.raises(SuiteFailed, match=r": an internal error occurred \[WinError 1359\] \("):
        start_process(begin, "node")


def judged(server: str) -> tuple[Verdict, str]:
    plan = Plan(Options(target=server, cases=("echo/simple",), transports=("tcp",), deadline=2.0))
    [case] = plan.cases
    outcome = run(plan, case)
    return outcome.verdict, outcome.message


@only_posix
def test_lack_of_processes_is_not_a_server_failure(
    monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", fails(2, errno.EAGAIN, popen))
    assert judged(server)[0] is Verdict.PASS
    monkeypatch.setattr(subprocess, "Popen", fails(ALWAYS, errno.EAGAIN, popen))
    verdict, message = judged(server)
    assert verdict is Verdict.ERROR
    assert message.startswith(f"cannot start '{PYTHON}': ")


@pytest.mark.parametrize(
    ("module", "name", "number"),
    [
        (readiness, "open_stream", errno.EMFILE),
        (connecting, "open_socket", errno.EMFILE),
        (connecting, "open_socket", errno.EADDRNOTAVAIL),
    ],
)
def test_lack_of_descriptors_or_ports_is_not_a_server_failure(
    monkeypatch: pytest.MonkeyPatch, server: str, module: Any, name: str, number: int
) -> None:
    monkeypatch.setattr(module, name, fails(ALWAYS, number, getattr(module, name)))
    verdict, message = judged(server)
    assert verdict is Verdict.ERROR
    assert message.startswith("connect ")
    assert message.endswith(" (this system's error, not the server's)")


@only_posix
def test_inetd_of_the_suite_waits_for_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = socket.socketpair()
    with near, far:
        monkeypatch.setattr(subprocess, "Popen", fails(3, errno.EAGAIN, subprocess.Popen))
        with inetd._serve(far, ["cat"]) as child:
            near.sendall(b"hello\n")
            near.shutdown(socket.SHUT_WR)
            assert near.recv(6, socket.MSG_WAITALL) == b"hello\n"
            assert child.wait() == 0
        with pytest.raises(FileNotFoundError):
            inetd._serve(far, ["./no-such-server"])
