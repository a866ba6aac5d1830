"""The thread that makes a descriptor selectable; it is Windows' need, and works anywhere."""

from __future__ import annotations

import os
import threading

from pync.transports.pump import pump


def test_bytes_then_eof() -> None:
    out, into = os.pipe()
    with pump(out) as sock:
        os.write(into, b"typed")
        assert sock.recv(100) == b"typed"
        os.close(into)
        assert sock.recv(100) == b""
    join()
    os.close(out)


def test_it_ends_when_nobody_listens() -> None:
    out, into = os.pipe()
    pump(out).close()
    os.write(into, b"x")
    os.close(into)
    join()
    os.close(out)


def join() -> None:
    for thread in threading.enumerate():
        if thread.name == "pump":
            thread.join(10)
            assert not thread.is_alive()
