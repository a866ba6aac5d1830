"""A class on machines that are reached by ssh: the tests start two sshd on the loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from conformance.targets.orphans import children_of
from conformance.targets.ports import reserved_port

from ..programs import needs, until
from .judging import ROOT, conformance
from .test_class import CASE, on_linux, server, written

WAY = "--isolate=none"

#: Only our own key is accepted. As root, sshd must not check the account.
SETTINGS = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PidFile none
"""

#: The user's ~/.ssh/config.
CONFIG = """
Host one
    Port {one}
Host two
    Port {two}
Host *
    HostName 127.0.0.1
    IdentityFile {folder}/user
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known
    StrictHostKeyChecking accept-new
    LogLevel ERROR
"""

pytestmark = on_linux


class Hosts(NamedTuple):
    """Two places, the ssh configuration for them, and the sshd of each one."""

    one: str
    two: str
    config: Path
    sshd: tuple[subprocess.Popen[str], subprocess.Popen[str]]


@contextmanager
def sshd(program: str, folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    at = folder / f"sshd-{port}"
    at.write_text(SETTINGS.format(port=port, folder=folder))
    argv = [program, "-D", "-e", "-f", str(at)]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert line.startswith("Server listening on"), line
            yield process
        finally:
            end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Stop the machine's sshd, and all its sessions."""
    if process.poll() is None:
        for pid in (process.pid, *children_of(process.pid)):
            os.kill(pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    program = needs("sshd")
    needs("ssh")
    folder = tmp_path / "ssh"
    folder.mkdir()
    for name in ("host", "user"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(argv, check=True)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with ExitStack() as stack:
        ports = [stack.enter_context(reserved_port()) for _ in range(2)]
        config = folder / "config"
        config.write_text(CONFIG.format(one=ports[0], two=ports[1], folder=folder))
        one, two = (stack.enter_context(sshd(program, folder, port)) for port in ports)
        first, second = (f"ssh=-F {config} {name}//python={python}" for name in ("one", "two"))
        yield Hosts(first, second, config, (one, two))


def test_class_is_judged_over_ssh_although_one_host_fails(hosts: Hosts, tmp_path: Path) -> None:
    names = [f"t{number}" for number in range(6)]
    at = written(tmp_path, "".join(server(tmp_path, name) for name in names))
    report, output = tmp_path / "report", tmp_path / "output"
    words = ["run", at, "--all", CASE, WAY, f"--report={report}"]
    with (
        output.open("wb") as stream,
        subprocess.Popen(
            [sys.executable, "-m", "conformance", *words, f"--tx={hosts.one}", f"--tx={hosts.two}"],
            cwd=ROOT,
            stdout=stream,
            stderr=subprocess.STDOUT,
        ) as running,
    ):
        until(lambda: "6 targets" in output.read_text(), "the class begins")
        until(lambda: list(report.glob("*/junit.xml")), "the first result")
        end(hosts.sshd[0])
    said = output.read_text()
    assert running.returncode == 0, said
    assert "6 conformant" in said
    assert sorted(path.parent.name for path in report.glob("*/junit.xml")) == names


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("ssh=-F {config} nowhere", "no such host, or no access"),
        ("ssh=-F {config} one//python=/no/such/python", "no Python answers there"),
    ],
)
def test_host_without_working_worker(place: str, line: str, hosts: Hosts, tmp_path: Path) -> None:
    at = written(tmp_path, server(tmp_path, "one"))
    place = place.format(config=hosts.config)
    done = conformance("run", at, "--all", f"--tx={place}", f"--report={tmp_path / 'report'}")
    assert done.returncode == 8, done.stdout + done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"conformance: --tx {place}: "), done.stderr
    assert line in last
