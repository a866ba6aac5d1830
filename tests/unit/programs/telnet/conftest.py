"""The telnet program in this process: typed input from a file, a host that only listens.

The kernel accepts the connection and the data, and the host reads it after the run, so nothing has
to run at the same time. Only a host that answers has a thread.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pync.core.events import Connected, Event, Told
from pync.programs import telnet
from pync.programs.telnet.settings import TelnetSetup
from pync.transports.stdio import Stdio

from ....peer import Peer, Server, listening


class Result(NamedTuple):
    """The result of a run: status, output, messages, reports, and the data that the host got."""

    status: int
    shown: bytes
    said: list[str]
    events: list[Event]
    heard: bytes


@pytest.fixture
def host() -> Iterator[Server]:
    with listening() as server:
        yield server


Play = Callable[..., Result]


@pytest.fixture
def play(host: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """play(typed, *words, host_does=..., **options): words default to the host's;
    typed is None for nothing, and no end of it."""
    for name in ("DISPLAY", "PRINTER", "USER", "LOGNAME"):
        monkeypatch.delenv(name, raising=False)

    wrong: list[BaseException] = []

    def does(host_does: Callable[[Peer], None]) -> None:
        peer = host.accepts()
        try:
            host_does(peer)
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            wrong.append(error)
        finally:
            peer.closes()

    def run(
        typed: bytes | None,
        *words: str,
        host_does: Callable[[Peer], None] | None = None,
        **options: Any,
    ) -> Result:
        # A user who types nothing: an input that does not end during the test.
        silence = os.pipe()
        (tmp_path / "typed").write_bytes(typed or b"")
        target = words or ("127.0.0.1", host.port)
        setup = TelnetSetup(() if words == ("",) else target, **options)
        events: list[Event] = []
        with (
            open(tmp_path / "typed", "rb") as stdin,
            open(tmp_path / "shown", "wb") as stdout,
            Stdio(silence[0] if typed is None else stdin.fileno(), stdout.fileno()) as stdio,
        ):
            if host_does is not None:
                thread = threading.Thread(target=does, args=(host_does,))
                thread.start()
            status = telnet.run(setup, stdio, events.append)
        for descriptor in reversed(silence):  # (Windows: a read that waits holds its end open)
            os.close(descriptor)
        heard = b""
        if host_does is not None:
            thread.join()
            if wrong:
                raise wrong[0]
        elif any(isinstance(event, Connected) for event in events):
            heard = host.accepts().hears_rest()
        said = [event.text for event in events if isinstance(event, Told)]
        return Result(status, (tmp_path / "shown").read_bytes(), said, events, heard)

    return run
