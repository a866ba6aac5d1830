"""Announcing a new listener: reporting its addresses, and writing its port (``--report-port``)."""

from __future__ import annotations

import os
import stat

from ...core.errors import PyncError, UsageError, cause_of
from ...core.events import Report
from ...core.server_events import Exposed, Listening, PortTold
from ...transports.listener import Listener
from .listening import ListenSetup

#: Addresses on which only this machine can connect.
_LOOPBACK = ("127.", "::1", "localhost")

#: The name that stands for standard error.
_STDERR = "-"


def announce(listener: Listener, setup: ListenSetup, report: Report) -> None:
    """Report every address; with --report-port, write the port to the file.

    Raises UsageError for a listener that has no port, PyncError if the file cannot be written.
    """
    for address in listener.addresses:
        report(Listening(address))
        if setup.offered and address.host and not address.host.startswith(_LOOPBACK):
            report(Exposed(address, setup.offered))
    if setup.report_port is None:
        return
    port = listener.address.service
    if not port:
        raise UsageError("--report-port: this listener has no port")
    if setup.report_port == _STDERR:
        report(PortTold(port))
    else:
        _write_down(setup.report_port, f"{port}\n".encode())


def _write_down(path: str, text: bytes) -> None:
    try:
        if _can_be_replaced(path):
            _replace(path, text)
        else:
            _write_into(path, text)
    except OSError as error:
        raise PyncError("write", path, cause_of(error)) from None


def _can_be_replaced(path: str) -> bool:
    """Return whether the path is a regular file or is free: not a device, a FIFO or a link."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return True


def _replace(path: str, text: bytes) -> None:
    # Write another file first, and rename it, so that a reader never sees half a number.
    unfinished = f"{path}.{os.getpid()}.tmp"
    try:
        with open(unfinished, "xb") as file:
            file.write(text)
        os.replace(unfinished, path)
    except OSError:
        try:
            os.unlink(unfinished)
        except OSError:
            pass
        raise


def _write_into(path: str, text: bytes) -> None:
    # Opening a FIFO waits for its reader, as a shell's redirection does.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        os.write(descriptor, text)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.ftruncate(descriptor, len(text))
    finally:
        os.close(descriptor)
