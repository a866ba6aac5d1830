"""The data exchange: first the script, then the user; data is recorded."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pync.core.errors import UsageError
from pync.core.events import Event, Progressed, silent
from pync.core.until import Until
from pync.engine.pipeline import Pipeline
from pync.engine.record import Recorder
from pync.programs.shared.talk import TalkSetup, talking
from pync.transports.memory import pair
from pync.transports.stdio import Stdio


@pytest.mark.parametrize(("until", "met"), [("b", True), (None, False)])
def test_until_condition(until: str | None, met: bool, tmp_path: Path) -> None:
    setup = TalkSetup(
        pipeline=lambda: Pipeline(until=Until(until) if until else None),
        recorder=lambda: Recorder(str(tmp_path / "raw")),
        progress=True,
    )
    events: list[Event] = []
    ours, peer = pair()
    reading, writing = os.pipe()
    with ours, peer, Stdio(None, writing) as stdio:
        peer.send_all(b"abc")
        peer.send_eof()
        with talking(setup, stdio, events.append) as talk:
            assert talk(ours) is met
        assert os.read(reading, 10) == (b"ab" if met else b"abc")
    assert (tmp_path / "raw").read_bytes() == (b"ab" if met else b"abc")
    assert [event for event in events if isinstance(event, Progressed)][-1].received == 2 + (
        not met
    )
    os.close(reading)
    os.close(writing)


def test_eof_is_sent_after_the_script(tmp_path: Path) -> None:
    (tmp_path / "script").write_text('send "bye"')
    setup = TalkSetup(
        script=str(tmp_path / "script"), recorder=lambda: Recorder(str(tmp_path / "raw"))
    )
    ours, peer = pair()
    reading, writing = os.pipe()
    heard = []
    thread = threading.Thread(target=lambda: heard.extend([peer.recv(9), peer.recv(9)]))
    thread.start()
    with ours, peer, Stdio(None, writing) as stdio, talking(setup, stdio, silent) as talk:
        assert talk(ours) is False
        thread.join(10)
    assert heard == [b"bye", b""]
    assert (tmp_path / "raw").read_bytes() == b"bye"
    os.close(reading)
    os.close(writing)


def test_unreadable_script_is_an_error_at_once() -> None:
    with (
        Stdio(None, 1) as stdio,
        pytest.raises(UsageError, match="--expect: /none: no such file"),
        talking(TalkSetup(script="/none"), stdio, silent),
    ):
        raise AssertionError("it went on")
