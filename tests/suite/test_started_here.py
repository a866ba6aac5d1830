"""A command such as ./server is started in the current folder or in that of a target file."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from .. import forking

if sys.platform == "win32":
    pytest.skip("only on POSIX: scripts that the system starts", allow_module_level=True)

ECHO = f"""#!{sys.executable}
import socketserver, sys

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
"""

#: The same for one connection, which is on its stdin and stdout.
CAT = "#!/bin/sh\nexec cat\n"

#: A client that connects and waits for the end.
CLIENT = f"""#!{sys.executable}
import socket, sys
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while sock.recv(65536):
    pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    for name, text in {"server": ECHO, "cat-here": CAT, "bin/client": CLIENT}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return forking.run(
        [sys.executable, "-m", "conformance", "run", *words, "--report=report", "--deadline=5"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    "target",
    ["./server {port}", "../{name}/server {port}", "{folder}/server {port}", "inetd:./cat-here"],
)
def test_command_in_this_folder(folder: Path, target: str) -> None:
    target = target.replace("{name}", folder.name).replace("{folder}", shlex.quote(str(folder)))
    done = run(folder, target, "--case=echo/simple")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_command_in_the_folder_of_a_target_file(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "targets.toml").write_text(
        '[targets.server]\ncommand = "./server {port}"\n'
        '[targets.client]\ncommand = "./client {host} {port}"\ndirectory = "bin"\n'
        'profiles = ["client-echo"]\n'
    )
    for name, case in (("server", "echo/simple"), ("client", "client-echo/connects")):
        done = run(elsewhere, f"@{folder}/targets.toml#{name}", f"--case={case}")
        assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_command_not_in_this_folder(folder: Path) -> None:
    # PATH contains a cat.
    done = run(folder, "./cat")
    assert done.returncode == 6
    assert "cannot start './cat': no such command" in done.stderr
