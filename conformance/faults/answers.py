"""What an answer is, decided from the traffic alone, and the faults that change one.

An answer is what the server says to what a client has sent, up to the moment when it has been
quiet for QUIET seconds or ends. It is collected, and passed on as one. What the server says before
a client has sent anything is its greeting; so that no greeting is taken for the first answer, the
first input of a client waits until the greeting has come. Whether the server greets at all is
learnt from the first client. Input that is sent without waiting for answers (pipelined) has one
answer; of bulk data each MOST bytes are one.
"""

from __future__ import annotations

from collections.abc import Callable

from .courses import Course

#: Seconds of silence that end an answer, or a greeting.
QUIET = 0.02

#: Seconds for the first words of a server, until it is known whether it greets, and if it does.
FIRST_WORDS, GREETING = 0.1, 1.0

#: Bytes of the longest greeting: some servers go on without end.
LONGEST_GREETING = 64 * 1024

#: Bytes of the longest answer: more than the bulk data of any requirement of ours.
MOST = 4 * 1024 * 1024


class Answers(Course):
    """Each answer is passed on whole."""

    def opened(self) -> None:
        """Let the client's first words wait for the greeting."""
        #: Whether the client has said anything that was passed on.
        self.has_input = False
        #: How many answers were passed on.
        self.answered = 0
        self._collected = bytearray()
        self._rounds = self._greeted = 0
        self._is_opening = True
        self._before: list[Callable[[], None]] = []
        if self.proxy.greets is False:
            self._begin()
        else:
            self.after(GREETING if self.proxy.greets else FIRST_WORDS, self._begin)

    # What a fault overrides.

    def input(self, data: bytes) -> None:
        """The client has sent bytes, after the greeting."""
        self.server.put(data)

    def greeting(self, data: bytes) -> None:
        """A piece of the greeting has come."""
        self.client.put(data)

    def answer(self, data: bytes) -> None:
        """A whole answer has come."""
        self.client.put(data)

    def acts(self) -> None:
        super().acts()
        self.proxy.changed[self.link.name] += 1

    # What happens.

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
        """Keep a part of the answer until it is whole."""
        self._collected += data
        if len(self._collected) >= MOST:
            self.flush()
        else:
            self._when_quiet(self.flush)

    def flush(self) -> None:
        """The answer is whole."""
        data = bytes(self._collected)
        self._collected.clear()
        if data:
            self.answered += 1
            self.answer(data)

    @property
    def is_collecting(self) -> bool:
        """Whether a part of an answer has come, and not the whole."""
        return bool(self._collected)

    def drop(self) -> None:
        """The answer that is collected is lost."""
        self._collected.clear()

    def _when_quiet(self, callback: Callable[[], None]) -> None:
        self._rounds += 1
        awaited = self._rounds

        def look() -> None:
            if self._rounds == awaited:
                callback()

        self.after(QUIET, look)

    def _begin(self) -> None:
        """The greeting has come, or there is none."""
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
    """The fault that does this to every answer."""

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
    """A shorter answer ends with what is left of the one before."""

    _previous = b""

    def answer(self, data: bytes) -> None:
        rest = self._previous[len(data) :]
        if rest:
            self.acts()
        self._previous = data + rest
        self.client.put(self._previous)


class Swapped(Answers):
    """Of two answers to input that came together, the second comes first.

    Input in several segments is passed on one by one, as long as each takes to be answered. Of
    lines in one segment the answers are told apart where there are as many lines in the answer.
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


#: Seconds after which input is taken to have no answer; bytes of input that nobody swaps.
_PATIENCE, _BULK = 0.1, 4096
