r"""Named pipes as connections. tests/contract tests what all transports have in common."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import pytest

from pync.core.address import Address, parse
from pync.core.errors import DialError, ListenError
from pync.transports import Options, dial, listen
from pync.transports.conn import Conn
from pync.transports.listener import Listener

PATIENCE = 10.0
SOON = Options(timeout=PATIENCE)
MESSAGES = SOON._replace(pipe_messages=True)

only_windows = pytest.mark.skipif(sys.platform != "win32", reason="only on Windows")


@pytest.mark.skipif(sys.platform == "win32", reason="only where there are none")
def test_other_systems_than_windows() -> None:
    address = parse("pipe:log")
    with pytest.raises(DialError, match=r"^dial pipe:log: named pipes exist on Windows only"):
        dial(address)
    with pytest.raises(ListenError, match=r"^listen pipe:log: named pipes exist on Windows only"):
        listen(address)


@pytest.fixture
def address() -> Address:
    return Address("pipe", path=f"pync-unit-{os.getpid()}")


@pytest.fixture
def listener(address: Address) -> Iterator[Listener]:
    with listen(address, SOON) as opened:
        yield opened


@only_windows
def test_missing_pipe() -> None:
    with pytest.raises(DialError, match=r"^dial pipe:pync-nobody: there is no such pipe$"):
        dial(parse("pipe:pync-nobody"), SOON)


@only_windows
def test_busy_pipe_times_out(address: Address, listener: Listener) -> None:
    with dial(address, SOON), pytest.raises(DialError, match="the pipe is busy"):
        dial(address, Options(timeout=0.2))


@only_windows
def test_busy_pipe_is_retried_until_an_instance_is_free(
    address: Address, listener: Listener
) -> None:
    with dial(address, SOON) as first:
        accepted = listener.accept(PATIENCE)
        dialled: list[Conn] = []
        second = threading.Thread(target=lambda: dialled.append(dial(address, SOON)))
        second.start()
        with accepted, listener.accept(PATIENCE) as again:
            second.join(PATIENCE)
            dialled[0].send_all(b"second")
            again.settimeout(PATIENCE)
            assert again.recv(100) == b"second"
            assert first.peer == dialled[0].peer
            dialled[0].close()


@only_windows
def test_message_mode_needs_a_message_pipe(address: Address, listener: Listener) -> None:
    with pytest.raises(DialError, match="it is a pipe of bytes, not of messages"):
        dial(address, MESSAGES)
