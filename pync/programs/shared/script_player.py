"""Playing a script against a peer (``--expect``). Received bytes are shown at once."""

from __future__ import annotations

import re
from collections.abc import Callable

from ...core.broken import broken, unwritten
from ...core.deadline import Deadline
from ...core.errors import ScriptError, UsageError, cause_of
from ...core.script import parse
from ...core.script_steps import (
    End,
    Eof,
    Expect,
    Interact,
    Leave,
    Let,
    NothingYet,
    Repeat,
    Script,
    Segments,
    Send,
    Step,
)
from ...core.script_terms import Terms, whole
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...engine.pipeline import Tap
from ...engine.protocols import send_eof
from ...transports.conn import Conn
from .script_matching import Awaited

if TYPE_CHECKING:
    from typing import Any

#: The number of last received bytes in which an awaited text may start.
WINDOW = 1024 * 1024

#: Bytes that a message shows of the received data that did not match.
SHOWN = 120

#: Bytes of one read.
READ = 64 * 1024

#: Seconds without a byte after which a match that could become longer is taken as it is.
SETTLING = 0.25


def load(path: str) -> Script:
    """Read a script. Raises UsageError."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return parse(file.read(), path)
    except OSError as error:
        raise UsageError(f"--expect: {path}: {cause_of(error)}") from None


class Played(NamedTuple):
    """The state after a script: whether the user takes over, and which directions have ended.

    ``closed``: the connection was closed or aborted.
    """

    interact: bool = False
    sent_eof: bool = False
    peer_ended: bool = False
    closed: bool = False


def play(
    script: Script, conn: Conn, show: Callable[[bytes], None], tap: Tap | None = None
) -> Played:
    """Perform the steps of the script.

    Arguments:
        show: writes received bytes to standard output.

    Raises ScriptError when the peer does not do what a step awaits; RelayError, OutputGone.
    """
    return _Play(script, conn, show, tap).run()


class _Play:
    def __init__(
        self, script: Script, conn: Conn, show: Callable[[bytes], None], tap: Tap | None
    ) -> None:
        self._script = script
        self._conn = conn
        self._write = show
        self._tap = tap
        self._came = b""
        self._names: dict[str, bytes] = {}
        self._sent_eof = self._ended = self._was_reset = False
        self._interact = self._closed = False

    def run(self) -> Played:
        timeout = self._conn.gettimeout()
        try:
            self._go_through(self._script.steps)
        finally:
            if not self._closed:
                self._conn.settimeout(timeout)
        return Played(self._interact, self._sent_eof, self._ended, self._closed)

    def _go_through(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            _DO[type(step)](self, step)

    def _value(self, step: Step, terms: Terms) -> bytes:
        try:
            return terms.value(self._names)
        except UsageError as error:
            raise self._error(step.line, str(error).rpartition(": ")[2]) from None

    # Steps of ours.

    def _send(self, step: Send) -> None:
        self._send_all(self._value(step, step.data))

    def _segments(self, step: Segments) -> None:
        # TCP_NODELAY is set on every connection.
        for part in step.parts:
            data = self._value(step, part)
            size = step.size or max(1, len(data))
            for at in range(0, len(data), size):
                self._send_all(data[at : at + size])

    def _send_all(self, data: bytes) -> None:
        try:
            self._conn.settimeout(None)
            self._conn.send_all(data)
            self._note("sent", data)
        except OSError as error:
            raise broken(self._conn.peer, error) from None

    def _send_eof(self, _step: Eof) -> None:
        try:
            send_eof(self._conn)
            self._sent_eof = True
        except OSError as error:
            raise broken(self._conn.peer, error) from None

    def _leave(self, step: Leave) -> None:
        leave: Callable[[], None] | None = self._conn.close
        if step.abort:
            leave = getattr(self._conn, "abort", None)
        if leave is None:
            raise self._error(step.line, "this connection cannot be reset (TCP without TLS can)")
        leave()
        self._closed = True

    def _let(self, step: Let) -> None:
        self._names[step.name] = self._value(step, step.data)

    def _repeat(self, step: Repeat) -> None:
        try:
            times = whole(self._names, step.times, "")
        except UsageError as error:
            raise self._error(step.line, str(error).removeprefix(": ")) from None
        for number in range(1, times + 1):
            self._names["i"] = b"%d" % number
            self._go_through(step.steps)

    def _hand_over(self, _step: Interact) -> None:
        self._interact = True

    # Steps of the peer.

    def _expect(self, step: Expect) -> None:
        missing = list(step.texts)
        deadline = Deadline(step.seconds)
        while missing:
            awaited = Awaited(missing, self._names, step.how == "search")
            which, end, groups = self._find(step, awaited, deadline)
            self._came = self._came[end:]
            if not step.all_of:
                # The groups of the texts that were not received are empty.
                self._names.update((name, b"") for text in missing for name in text.groups)
            self._names.update(groups)
            if not step.all_of:
                return
            del missing[which]

    def _find(
        self, step: Expect, awaited: Awaited, deadline: Deadline
    ) -> tuple[int, int, dict[str, bytes]]:
        if not self._ended:
            # Bytes that are there already count, however little time the step has.
            self._receive(None)
        while True:
            found = awaited.look(self._came)
            if found and (found.is_settled or self._ended):
                return found.which, found.end, found.groups
            if found is None and awaited.wrong_at is not None:
                text = f"expected {step.shown}: wrong byte at {awaited.wrong_at}"
                raise self._wrong(step.line, text)
            if self._ended:
                raise self._wrong(step.line, f"expected {step.shown}, and the peer ended")
            if found:
                if not self._receive(Deadline(SETTLING)):
                    return found.which, found.end, found.groups
            elif not self._receive(deadline):
                waited = f"expected {step.shown} within {step.seconds:g} s"
                raise self._wrong(step.line, waited)

    def _end(self, step: End) -> None:
        deadline = Deadline(step.seconds)
        nothing_before = step.how in ("next", "reset")
        what = _ENDS[step.how]
        may_reset = step.how in ("reset", "either")
        if not self._ended:
            self._receive(None, may_reset)
        while not (self._ended or (nothing_before and self._came)):
            if not self._receive(deadline, may_reset):
                raise self._wrong(step.line, f"expected {what} within {step.seconds:g} s")
        if nothing_before and self._came:
            raise self._wrong(step.line, f"expected {what}, and nothing before it")
        if step.how == "reset" and not self._was_reset:
            raise self._wrong(step.line, f"expected {what}, and the peer ended (FIN)")
        if self._was_reset:
            self._conn.close()
            self._closed = True

    def _nothing_yet(self, step: NothingYet) -> None:
        self._receive(None)
        if self._came or self._ended:
            why = f" ({step.why})" if step.why else ""
            what = "expected nothing yet" if self._came else "expected no end yet"
            raise self._wrong(step.line, f"{what}{why}")

    def _receive(self, deadline: Deadline | None, may_reset: bool = False) -> bool:
        """Receive bytes and show them; return False when the time is over.

        Without a deadline, take only what is there already; return False if that is nothing.
        """
        if deadline and deadline.passed:
            return False
        self._conn.settimeout(deadline.remaining if deadline else 0.0)
        try:
            data = self._conn.recv(READ)
        except (TimeoutError, BlockingIOError):
            return False
        except OSError as error:
            if not (may_reset and isinstance(error, ConnectionResetError)):
                raise broken(self._conn.peer, error) from None
            self._was_reset, data = True, b""
        self._ended = not data
        self._note("received", data)
        self._show(data)
        self._came += data
        if not self._script.exact:
            self._came = self._came[-WINDOW:]
        return True

    def _note(self, direction: str, data: bytes) -> None:
        if self._tap is not None and data:
            self._tap(direction, data)

    def _show(self, data: bytes) -> None:
        try:
            self._write(data)
        except OSError as error:
            raise unwritten(error) from None

    def _wrong(self, line: int, expected: str) -> ScriptError:
        came = repr(self._came[-SHOWN:])[1:]
        # repr() chooses its quotes; the message always has double ones.
        shown = re.sub(r"^'|'$", '"', came)
        cut = "..." if len(self._came) > SHOWN else ""
        what = f"; what came is {cut}{shown}" if self._came else "; nothing came"
        return self._error(line, expected + what)

    def _error(self, line: int, text: str) -> ScriptError:
        return ScriptError("expect", f"{self._script.name}:{line}", text)


#: The name of an end in messages, by how it has to come.
_ENDS = {
    "any": "the peer's end",
    "next": "the peer's end",
    "either": "the peer's end",
    "reset": "the peer's reset (RST)",
}

_DO: dict[type, Callable[[_Play, Any], None]] = {
    Send: _Play._send,
    Segments: _Play._segments,
    Expect: _Play._expect,
    Eof: _Play._send_eof,
    End: _Play._end,
    Leave: _Play._leave,
    NothingYet: _Play._nothing_yet,
    Let: _Play._let,
    Repeat: _Play._repeat,
    Interact: _Play._hand_over,
}
