"""Conversations with a server of streams, which record its behaviour.

Waiting during silences takes most of the time. If the server serves several clients at the same
time, the conversations run in parallel; otherwise they run one after another.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ..core.verdict import Unreachable
from .seen import CRLF, FIRST, LINES, REQUEST, REST, SECOND, SHORT, Seen
from .subject import CLOSING, ENDING, Subject
from .talk import FIN, LISTEN, QUIET, RESET, Step, Stream, Turn, Unheard, converse, hear

#: Seconds to wait for what a server sends first; and the total seconds to wait for a server that
#: sends something but accepts no input, because its farewell may still come.
LISTENING, PARTING = 1.0, 2.5

#: The least and the most seconds to wait for the beginning of an answer.
ANSWER_TIME, MOST_ANSWER_TIME = 0.6, 2.0

#: The seconds for a server that has not answered anything yet, and may still be starting.
STARTING_ANSWER_TIME = 4.0

#: A later answer may take this many times as long as the first one.
MARGIN = 8

#: Words that end a session in the servers of tutorials, in groups that are tried in parallel.
LEAVES = ((b"quit", b"exit", b"bye"), (b"QUIT", b"q", b"EXIT"), (b"close", b"stop", b"."))

#: Commands of crud and chat that a server without them refuses.
NAME = b"doctor%d"
STORE = (b"create %s one\n", b"read %s\n", b"delete %s\n")
CHAT = (b"LOGIN %s secret\n",)


class Survey:
    """The conversations with a server.

    Arguments:
        subject: the server.
        command: the word that should be answered by RST.
        leaves: further words that may end a session.
    """

    def __init__(self, subject: Subject, command: bytes, leaves: Sequence[bytes]) -> None:
        self._subject = subject
        self._command = command
        self._leaves = (tuple(leaves), *LEAVES) if leaves else LEAVES
        self._patience = ANSWER_TIME
        self._began = 0.0
        self._was_dropped = False
        self.seen = Seen()

    def first_look(self) -> None:
        """Connect two clients at once: one only listens, the other one sends lines."""
        seen, subject = self.seen, self._subject
        first = subject.connect()
        self._began = time.monotonic()
        try:
            second: Stream | None = subject.connect()
        except OSError:
            second = None
        try:
            if second is None:
                seen.listened = hear(first, LISTEN, LISTENING, QUIET)
                seen.greetings = [seen.listened.answer]
                self._alone(first, "was refused")
            else:
                self._look_at_both(first, second)
        finally:
            subject.leave(first)
            if second is not None:
                subject.leave(second)
        # If a client in the backlog was reset, the listener is closed: the server is ending.
        if subject.ends(CLOSING if self._was_dropped else ENDING):
            seen.one_shot = True

    def _look_at_both(self, first: Stream, second: Stream) -> None:
        seen = self.seen
        with ThreadPoolExecutor(2) as pool:
            ours = pool.submit(hear, first, LISTEN, LISTENING, QUIET)
            theirs = pool.submit(hear, second, LISTEN, LISTENING, QUIET).result()
            seen.listened = ours.result()
        begun = [turn.answer for turn in (seen.listened, theirs) if turn.answer]
        seen.greetings = begun or [b""]
        if seen.listened.end:
            return
        if theirs.end:
            self._alone(first, theirs.outcome())  # the first client is still connected
            return
        if theirs.answer:
            self._many(theirs)
        asked = self._talk(second, LINES[:1])
        if asked[0].answer or asked[0].end:
            if asked[0].end and seen.listened.answer:
                self._await_farewell(first, ANSWER_TIME)
            if seen.listened.end:
                return
            self._many(asked[0])
            # Continue the conversation on the connection that is served.
            seen.lines = self._to_the_end(second, self._say_lines(second, asked))
            return
        if seen.listened.answer and theirs.answer:
            self._await_farewell(first, PARTING)
            if seen.listened.end:
                return
        self._look_at_silence(first, second, asked[0])

    def _look_at_silence(self, first: Stream, second: Stream, asked: Turn) -> None:
        """Test whether only the first client is served, after the second got no answer."""
        seen = self.seen
        # Data that has come in the meantime is not an answer: read it first.
        self._await_farewell(first, 0)
        mine = [] if seen.listened.end else self._say_lines(first)
        seen.lines = mine or [asked]
        if mine and not mine[-1].end:
            # On a busy machine the second client's answer may only have been late.
            late = hear(second, LISTEN, 0.01, QUIET)
            if late.answer or late.end:
                self._many(late)
                return
            if not mine[-1].is_ignored:
                seen.lines = self._to_the_end(first, mine)
            elif self._ends_show_many(first, second):
                return
        self._subject.leave(first)
        late = hear(second, LISTEN, LISTENING, QUIET)
        if late.answer or late.end:
            self._was_dropped = late.end == RESET and not late.answer
            self._one(asked, late)
            if seen.greeting and late.answer:
                answer = mine[0].answer if mine else b""
                seen.greetings.append(late.answer.removesuffix(answer))

    def _ends_show_many(self, first: Stream, second: Stream) -> bool:
        """Return whether the second client's FIN is answered while the first is connected."""
        over = self._talk(second, (FIN,))[0]
        if over.answer or over.end:
            self._many(over)
            return True
        over = self._talk(first, (FIN,))[0]
        if not (over.answer or over.end) and self.seen.listened.answer:
            self._await_farewell(first, PARTING)
        return False

    def _alone(self, first: Stream, how: str) -> None:
        """Talk to the first client alone: the server serves only one."""
        seen = self.seen
        seen.one_shot = True
        seen.clients, seen.clients_because = "1", f"a second client {how} while the first stayed"
        if not seen.listened.end:
            seen.lines = self._say_lines(first)
            if seen.lines[-1].is_ignored:
                seen.finish = self._talk(first, (FIN,))
            else:
                seen.lines = self._to_the_end(first, seen.lines)

    def _await_farewell(self, first: Stream, until: float) -> None:
        """Read from the first client again, until this many seconds after its start."""
        seen = self.seen
        early = time.monotonic() - self._began
        more = hear(first, LISTEN, max(0.01, until - early), QUIET)
        pieces = [*seen.listened.pieces, *((early + at, data) for at, data in more.pieces)]
        seconds = time.monotonic() - self._began
        seen.listened = Turn(LISTEN, tuple(pieces), more.end, seconds)

    def _many(self, turn: Turn) -> None:
        self.seen.clients = "many"
        self.seen.clients_because = f"a second client {turn.outcome()} while the first stayed"

    def _one(self, before: Turn, after: Turn) -> None:
        self.seen.clients = "1"
        self.seen.clients_because = (
            f"a second client {before.outcome()} while the first stayed, then {after.outcome()}"
        )

    def more(self) -> None:
        """Test what the first look has not shown: ends, single lines, CR LF."""
        seen = self.seen
        if seen.listened.end and not seen.lines:
            # The server ends the connection first: read more sessions, to see what differs.
            self._hold({"": (LISTEN,), " ": (LISTEN,), "empty": (FIN,)})
            return
        once = bool(seen.lines) and seen.lines[0].end != ""
        silent = not seen.answered
        scripts: dict[str, Sequence[Step]] = {}
        if silent or not seen.one_shot:
            scripts |= {"finish": (Unheard(FIRST), FIN), "empty": (FIN,)}
        if silent:
            scripts |= {"crlf": (CRLF,), "shorter": (Unheard(SHORT), FIN), "request": (REQUEST,)}
        if once:
            scripts |= {"single": (SECOND,), "single ": (CRLF,), "single  ": (REST, FIN)}
        self._hold(scripts)
        if silent and not any(turn.answer or turn.end for turn in [*seen.crlf, *seen.finish]):
            self._last_patience()

    def words(self, is_dialogue: bool) -> None:
        """Try words that may have a meaning: the reset, those that end a session, commands.

        Arguments:
            is_dialogue: whether lines are answered, but not with an echo.
        """
        scripts: dict[str, Sequence[Step]] = {"command": (self._command + b"\n",)}
        if is_dialogue:
            name = NAME % (time.time_ns() % 10**9)
            scripts["store"] = [line % name if b"%s" in line else line for line in STORE]
            scripts["chat"] = [line % name for line in CHAT]
        groups: tuple[tuple[bytes, ...], ...] = self._leaves
        if self._one_by_one:
            groups = (tuple(word for group in groups for word in group),)
        for number, group in enumerate(groups):
            scripts["words" + " " * number] = [word + b"\n" for word in group]
        self._hold(scripts)

    def _last_patience(self) -> None:
        """Wait longer once: the server may accept connections before it serves them."""
        if self._subject.process is None:
            return
        self._patience = STARTING_ANSWER_TIME
        self._hold({"finish": (Unheard(FIRST), FIN)})
        if any(turn.answer or turn.end for turn in self.seen.finish):
            self.seen = Seen()
            self._patience = ANSWER_TIME
            self.first_look()
            self.more()

    def _learn_patience(self, turns: Sequence[Turn]) -> None:
        """Set the time to wait for answers from the time that the first answers took."""
        firsts = [turn.pieces[0][0] for turn in turns if turn.pieces]
        if firsts:
            self._patience = min(MOST_ANSWER_TIME, max(ANSWER_TIME, MARGIN * max(firsts)))

    def _talk(self, stream: Stream, script: Sequence[Step]) -> list[Turn]:
        return converse(stream, script, self._patience)

    def _say_lines(self, stream: Stream, asked: Sequence[Turn] = ()) -> list[Turn]:
        """Send the lines, as far as they are answered; the first may have been sent already."""
        turns = list(asked) or self._talk(stream, LINES[:1])
        if turns[0].end or turns[0].is_ignored:
            return turns
        self._learn_patience(turns)
        return turns + self._talk(stream, LINES[1:])

    def _to_the_end(self, stream: Stream, turns: list[Turn]) -> list[Turn]:
        """Return the turns, followed by the answer to the client's FIN."""
        return turns if turns[-1].end else turns + self._talk(stream, (FIN,))

    @property
    def _one_by_one(self) -> bool:
        return self.seen.clients == "1" or self.seen.one_shot

    def _hold(self, scripts: dict[str, Sequence[Step]]) -> None:
        """Run conversations, each on a separate connection; store them by their names.

        A name may end in blanks: conversations with the same name are joined.
        """
        if scripts and not self._one_by_one:
            with ThreadPoolExecutor(len(scripts)) as pool:
                held = list(pool.map(self._conversation, scripts.values()))
        else:
            held = [self._conversation(script) for script in scripts.values()]
        for name, turns in zip(scripts, held, strict=True):
            if name.strip():
                known: list[Turn] = getattr(self.seen, name.strip())
                known[:] = turns if name == "finish" else known + turns
        if self._subject.has_ended and not self.seen.one_shot:
            self.seen.fatal = [turn.sent for turns in held for turn in turns[-1:] if turn.sent]

    def _conversation(self, script: Sequence[Step]) -> list[Turn]:
        if self.seen.one_shot:
            # The listener may be closed after the client: a new connection would not be served.
            self._subject.ends(CLOSING)
        try:
            stream = self._subject.connect()
        except (OSError, Unreachable):
            return []
        try:
            if not self.seen.greeting:
                return self._talk(stream, script) if script != (LISTEN,) else []
            greeted = hear(stream, LISTEN, MOST_ANSWER_TIME, QUIET)
            self.seen.greetings.append(greeted.answer)
            if greeted.end or script == (LISTEN,):
                return []
            return self._talk(stream, script)
        finally:
            self._subject.leave(stream)
