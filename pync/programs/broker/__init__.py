"""One room for many clients (``--broker``, ``--chat``, ncat's ``-l -k``), in one loop.

With --broker what one client sends goes to all the others; without, it goes to standard
output. What is typed goes to everybody. A slow client holds up nobody: what waits for it
is bounded, and beyond that it has to leave. (See backlog.py: a thousand slow clients wait for
one copy.)
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import NamedTuple

from ...core import exits
from ...core.config import Config
from ...core.events import Accepted, Failed, Report
from ...engine.boundary import Boundary, as_failure
from ...engine.loop import Loop
from ...engine.pipeline import Tap
from ...engine.protocols import break_off
from ...layers.chat import Speaker, arrival, departure
from ...transports import listen
from ...transports.conn import Conn, Listener
from ...transports.stdio import Stdio
from ..shared.acceptor import Door, allow_many_descriptors
from ..shared.announce import announce
from ..shared.connect import check_listener
from ..shared.options import options_of
from ..shared.pipeline import tuning_of
from ..shared.talk import recording
from .backlog import Backlog
from .member import READ, Member
from .stdio import Desk

#: Bytes of one read of a chat: each may be a line, and a line is much more work than a byte.
READ_CHAT = 2 * 1024


def run(config: Config, stdio: Stdio, report: Report) -> int:
    """Serve until a signal ends it. Raises PyncError, OutputGone."""
    assert config.address is not None
    check_listener(config)
    allow_many_descriptors()
    with recording(config) as tap, listen(config.address, options_of(config, report)) as listener:
        announce(listener, config, report)
        with Loop() as loop:
            room = _Room(config, loop, listener, stdio, report, tap)
            try:
                room.open()
                loop.run_while(lambda: room.failure is None)
            finally:
                room.close()
    if room.failure is not None:
        raise room.failure
    return exits.OK


class _Seat(NamedTuple):
    """What the room knows of a client. ``notice``: tell it that more was said."""

    speaker: Speaker | None
    notice: Callable[[], None]


class _Room:
    """Who is inside, and who hears whom."""

    def __init__(
        self,
        config: Config,
        loop: Loop,
        listener: Listener,
        stdio: Stdio,
        report: Report,
        tap: Tap | None,
    ) -> None:
        #: What ends everything: the output is gone, or broken.
        self.failure: Exception | None = None
        self._config = config
        self._loop = loop
        self._report = report
        self._tap = tap
        self._brokers = config.broker or config.chat
        self._backlog = Backlog()
        self._members: dict[Member, _Seat] = {}
        self._laggards: set[Member] = set()
        self._turns = itertools.count(1)
        self._door = Door(loop, config, listener, report, self._enter)
        self._desk = Desk(loop, stdio, self._typed, self._desk_changed)
        self._convert = tuning_of(config).convert
        #: What is typed in a chat is said by user 0, as ncat has it.
        self._typist = Speaker(0) if config.chat else None
        self._typed_something = False
        self._listens = not config.send_only
        # A room that only receives relays nothing either, as ncat.
        self._speaks = not config.recv_only
        self._types = not (config.no_stdin or config.recv_only)

    def open(self) -> None:
        """Let clients come."""
        self._door.open()

    def close(self) -> None:
        """Let go of everybody."""
        self._door.close()
        for member in list(self._members):
            member.close()

    # Who comes and goes.

    def _enter(self, conn: Conn) -> None:
        self._report(Accepted(conn.peer))

        def failed(error: Exception) -> None:
            for member in entered:
                member.close()
                self._forget(member)
            break_off(conn)
            self._door.left()
            self._report(Failed(as_failure(error, conn.peer)))

        entered: list[Member] = []
        boundary = Boundary(self._loop, failed)
        with boundary:
            member = Member(
                boundary,
                conn,
                self._backlog,
                self._heard,
                self._left,
                self._lagged,
                self._config.endings.idle,
                READ_CHAT if self._config.chat else READ,
            )
            entered.append(member)
            self._welcome(member, conn, boundary.bound(member.notice))

    def _welcome(self, member: Member, conn: Conn, notice: Callable[[], None]) -> None:
        others = [
            (seat.speaker.name, other.peer) for other, seat in self._members.items() if seat.speaker
        ]
        speaker = Speaker(conn.fileno()) if self._config.chat else None
        self._members[member] = _Seat(speaker, notice)
        if speaker is not None:
            self._say(arrival(speaker.name, member.peer, others), None)
        if self._desk.ended:
            self._end(member)
        member.start()
        member.listen(self._brokers or not self._desk.lags)
        self._arrange()

    def _left(self, member: Member, error: Exception | None) -> None:
        self._door.left()
        if error is not None:
            # One client's failure is no reason to leave the others.
            self._report(Failed(error))
        self._forget(member)

    def _forget(self, member: Member) -> None:
        speaker, _ = self._members.pop(member)
        if speaker is not None:
            # Later: one who cannot be told is one more who has left.
            words = departure(speaker.name)
            self._loop.call_later(0, lambda: self._say(words, None))
        self._laggards.discard(member)
        self._arrange()

    # Who says what.

    def _heard(self, member: Member, data: bytes) -> None:
        if self._tap is not None and data:
            self._tap("received", data)
        if not self._listens:
            return
        speaker, _ = self._members[member]
        if speaker is not None:
            data = speaker.says(data)
        if self._brokers:
            self._say(data, member)
        elif data:
            member.turn = next(self._turns)
            self._desk.show(data)

    def _typed(self, data: bytes) -> None:
        self._typed_something = self._typed_something or bool(data)
        said = self._typist.says(data) if self._typist is not None else data
        if said:
            self._say_typed(said)
        if not data:
            for member in list(self._members):
                self._end(member)

    def _say_typed(self, data: bytes) -> None:
        data = self._convert(data) if self._convert is not None else data
        if self._tap is not None:
            self._tap("sent", data)
        self._say(data, None)

    def _say(self, data: bytes, speaker: Member | None) -> None:
        if data and self._speaks:
            self._backlog.add(data, speaker)
            for _, notice in list(self._members.values()):
                notice()

    def _lagged(self, member: Member) -> None:
        (self._laggards.add if member.lags else self._laggards.discard)(member)
        self._arrange()

    def _end(self, member: Member) -> None:
        # Who is in a room with others goes on hearing them.
        endings = self._config.endings
        if self._brokers or not endings.shutdown:
            return
        if endings.eof_after is None:
            member.take_eof()
        elif self._typed_something or endings.eof_of_nothing:
            self._end_when_silent(member, endings.eof_after)

    def _end_when_silent(self, member: Member, seconds: float) -> None:
        """By TLS, EOF must not interrupt a client that is sending (see Endings.eof_after)."""
        left = member.active_at + seconds - time.monotonic()
        if member not in self._members:
            return
        if left > 0:
            self._loop.call_later(left, lambda: self._end_when_silent(member, seconds))
        else:
            member.take_eof()

    def _desk_changed(self) -> None:
        self.failure = self._desk.failure
        # Who was heard longest ago is the first to be heard again: whoever talks without a pause
        # would fill all the room there is, each time.
        for member in sorted(self._members, key=lambda member: member.turn):
            member.listen(not self._desk.lags)

    def _arrange(self) -> None:
        """Read where there is somebody to hear it, and room for it."""
        self._desk.listen(self._types and bool(self._members) and not self._laggards)
