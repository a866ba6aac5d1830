"""The command uses _socket, and a program with the library uses socket."""

from __future__ import annotations

import socket
import subprocess
import sys

from pync.transports.plainsocket import socket as used_here

#: Prints which module the transports use.
PROBE = "from pync.transports.plainsocket import socket; print(socket.__name__)"


def module_used(before: str) -> str:
    """The module that a new process uses after this code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{before}; {PROBE}"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_library_uses_the_module_socket() -> None:
    assert used_here is socket
    assert module_used("import pync") == "socket"


def test_the_command_uses_its_implementation() -> None:
    assert module_used("from pync.core import become_command; become_command()") == "_socket"
