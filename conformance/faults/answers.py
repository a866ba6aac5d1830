"""Answers, recognised only by the traffic, and the faults that change an answer.

An answer is the data that the server sends after input of a client, until it has been quiet for
QUIET seconds or ends. It is collected, and forwarded as a whole. Data that the server sends before
the client has sent anything is its greeting. The first input of a client waits until the greeting
has come, so that a greeting is not mistaken for the first answer. The first client shows whether
the server greets at all. Input that is sent without waiting for answers (pipelined) has one
answer; bulk data is split into answers of MOST bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from .courses import Course

#: Seconds of silence that end an answer, or a greeting.
QUIET = 0.02

#: Seconds to wait for a server's first bytes: while it is not known whether it greets, and if it
#: does greet.
FIRST_WORDS, GREETING = 0.1, 1.0

#: The most bytes of a greeting: some servers never stop sending.
LONGEST_GREETING = 64 * 1024

#: The most bytes of an answer: more than the bulk data of any requirement of the suite.
MOST = 4 * 1024 * 1024


class Answers(Course):
    """A course that collects each answer and forwards it as a whole."""

    def opened(self) -> None:
        """Make the client's first input wait for the greeting."""
        #: Whether any input of the client was forwarded.
        self.has_input = False
        #: How many answers were forwarded.
        self.answered = 0
        self._collected = bytearray()
        self._rounds = self._greeted = 0
        self._is_opening = True
        self._before: list[Callable[[], None]] = []
        if self.proxy.greets is False:
            self._begin()
        else:
            self.after(GREETING if self.proxy.greets else FIRST_WORDS, self._begin)

    # Methods that a fault overrides.

    def input(self, data: bytes) -> None:
        """Handle bytes from the client, after the greeting."""
        self.server.put(data)

    def greeting(self, data: bytes) -> None:
        """Handle a piece of the greeting."""
        self.client.put(data)

    def answer(self, data: bytes) -> None:
        """Handle a complete answer."""
        self.client.put(data)

    def acts(self) -> None:
        super().acts()
        self.proxy.changed[self.link.name] += 1

    # Events.

    def from_client(self, data: bytes) -> None:
        if self._is_opening:
            self._before.append(lambda: self.from_client(data))
            self.client.read(False)
            return
        self.has_input = True
        self.input(data)

    def client_ended(self) -> None:
        if self._is_opening:
            self._before.append(self.client_ended)
            return
        self.server.end()

    def client_reset(self) -> None:
        self._begin()
        super().client_reset()

    def from_server(self, data: bytes) -> None:
        if self.has_input:
            self.collect(data)
            return
        self.proxy.greets = True
        self.greeting(data)
        if self._is_opening:
            self._greeted += len(data)
            if self._greeted > LONGEST_GREETING:
                self._begin()
            self._when_quiet(self._begin)

    def server_ended(self) -> None:
        self._begin()
        self.flush()
        super().server_ended()

    def server_reset(self) -> None:
        self.flush()
        super().server_reset()

    def collect(self, data: bytes) -> None:
        """Keep a part of the answer until it is complete."""
        self._collected += data
        if len(self._collected) >= MOST:
            self.flush()
        else:
            self._when_quiet(self.flush)

    def flush(self) -> None:
        """Treat the collected answer as complete."""
        data = bytes(self._collected)
        self._collected.clear()
        if data:
            self.answered += 1
            self.answer(data)

    @property
    def is_collecting(self) -> bool:
        """Whether a part of an answer has come, but not all of it."""
        return bool(self._collected)

    def drop(self) -> None:
        """Discard the collected answer."""
        self._collected.clear()

    def _when_quiet(self, callback: Callable[[], None]) -> None:
        self._rounds += 1
        awaited = self._rounds

        def look() -> None:
            if self._rounds == awaited:
                callback()

        self.after(QUIET, look)

    def _begin(self) -> None:
        """Forward the waiting input: the greeting has come, or there is none."""
        if not self._is_opening:
            return
        self._is_opening = False
        if self.proxy.greets is None:
            self.proxy.greets = False
        before, self._before = self._before, []
        for event in before:
            event()
        self.client.read(True)


def changed(change: Callable[[bytes], bytes]) -> type[Course]:
    """Return the fault that makes this change to every answer."""

    class Changed(Answers):
        def answer(self, data: bytes) -> None:
            self.put_changed(self.client, data, change(data))

    return Changed


class Late(Answers):
    """An answer comes with the next input, or when the client or the server ends."""

    _late = b""

    def input(self, data: bytes) -> None:
        self._release()
        super().input(data)

    def client_ended(self) -> None:
        if not self._is_opening:
            self._release()
        super().client_ended()

    def answer(self, data: bytes) -> None:
        if self.client.has_ended or self.server.has_ended:
            self.client.put(data)
            return
        self._release()
        self._late = data
        self.acts()

    def server_ended(self) -> None:
        self.flush()
        self._release()
        super().server_ended()

    def _release(self) -> None:
        late, self._late = self._late, b""
        self.client.put(late)


class Once(Answers):
    """Only the first input of a connection is answered."""

    def answer(self, data: bytes) -> None:
        if self.answered == 1:
            self.client.put(data)
        else:
            self.acts()


class Stale(Answers):
    """A shorter answer ends with the rest of the previous, longer one."""

    _previous = b""

    def answer(self, data: bytes) -> None:
        rest = self._previous[len(data) :]
        if rest:
            self.acts()
        self._previous = data + rest
        self.client.put(self._previous)


class Swapped(Answers):
    """Two answers to input that came together are sent in the wrong order.

    If the input is in several segments, they are forwarded one by one, each after the answer to
    the previous one. If several lines are in one segment, their answers are recognised if the
    answer has the same number of lines.
    """

    def opened(self) -> None:
        self._next: list[bytes] = []
        self._kept = b""
        self._lines = 0
        self._is_waiting = False
        super().opened()

    def input(self, data: bytes) -> None:
        if len(data) > _BULK:
            self.server.put(data)
            return
        if self._is_waiting:
            self._next.append(data)
            self.client.read(False)
            return
        self._is_waiting = True
        self._lines = data.count(b"\n")
        self.server.put(data)
        number = self.answered
        self.after(_PATIENCE, lambda: self._go_on() if self.answered == number else None)

    def client_ended(self) -> None:
        if self._next and not self._is_opening:
            self.after(_PATIENCE, self.client_ended)
            return
        super().client_ended()

    def answer(self, data: bytes) -> None:
        lines = data.splitlines(keepends=True)
        if self._lines == len(lines) > 1 and lines[0] != lines[1]:
            self.acts()
            data = b"".join([lines[1], lines[0], *lines[2:]])
        if self._kept:
            kept, self._kept = self._kept, b""
            if kept != data:
                self.acts()
            self.client.put(data)
            self.client.put(kept)
        elif self._next and not self.server.has_ended:
            self._kept = data
        else:
            self.client.put(data)
        self._go_on()

    def _go_on(self) -> None:
        self._is_waiting = False
        if self._next:
            self.input(self._next.pop(0))
        elif self._kept and not self.is_collecting:
            kept, self._kept = self._kept, b""
            self.client.put(kept)
        if not self._next:
            self.client.read(True)


#: Seconds after which input counts as unanswered; larger input is not swapped.
_PATIENCE, _BULK = 0.1, 4096
