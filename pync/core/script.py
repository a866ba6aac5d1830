r"""The language of ``--expect``: data to send, and data to wait for. Pure.

One step a line; empty lines and lines that start with # are skipped::

    timeout 5s             # for the steps that follow; 10 s if nothing is said
    expect "login: "       # this text has to come
    send "joe\r\n"         # C escapes, as in a C string
    expect /\$ $/ 30s      # a match of this regular expression, within this time
    eof                    # end our direction (FIN)
    end                    # the peer has to end its own
    interact               # from here on the user talks

A script that starts with ``exact`` checks every byte: the text of ``expect`` must come next. This
is the language of the suite's profiles (conformance/docs/step-language.md) for one client.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .deadline import parse_duration
from .errors import UsageError
from .script_steps import (
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
from .script_terms import Reader, Terms, whole

__all__ = ["Script", "parse"]

#: The default seconds in which an awaited text must come.
EXPECT_TIMEOUT = 10.0

#: The limit of rounds of ``repeat``.
MOST_ROUNDS = 10_000


def parse(text: str, name: str) -> Script:
    """Parse a script.

    Raises UsageError that names the line.
    """
    return _Parser(text, name).script()


class _Parser:
    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._lines = iter(enumerate(text.splitlines(), 1))
        self._patience = EXPECT_TIMEOUT
        self._exact = False
        self._depth = 0
        #: Whether a step has been read, and the line after which no step is allowed.
        self._begun = False
        self._over = 0

    def script(self) -> Script:
        steps = tuple(self._block(None))
        if not steps:
            raise UsageError(f"{self._name}: the script has no step")
        _check_names(steps, self._name, set())
        return Script(self._name, steps, self._exact)

    def _block(self, began: int | None) -> Iterator[Step]:
        for number, line in self._lines:
            words = line.strip()
            if not words or words.startswith("#"):
                continue
            reader = Reader(words, f"{self._name}:{number}")
            verb = self._verb(reader)
            if verb == "done":
                reader.end()
                if began is None:
                    raise reader.wrong("'done' ends a 'repeat', and there is none")
                return
            if self._over:
                raise reader.wrong(f"the connection has ended (line {self._over})")
            step = self._step(verb, number, reader)
            self._begun = True
            if step is not None:
                yield step
            if isinstance(step, Interact):
                # The lines after it are not parsed.
                return
        if began is not None:
            raise UsageError(f"{self._name}:{began}: 'done' is missing: it ends what is repeated")

    def _verb(self, reader: Reader) -> str:
        if client := reader.takes(_CLIENT):
            raise reader.wrong(
                f"{client.group(1)!r}: a script of --expect is one client; profiles of "
                "pync-conformance have several"
            )
        # The text up to the next blank is the name of a step.
        found = reader.takes(_VERB)
        verb = found.group() if found else ""
        verb = "end" if verb == "expect-eof" else verb
        if verb in _OF_PROFILES:
            raise reader.wrong(f"{verb!r} is a step of profiles of pync-conformance only")
        if verb not in _VERBS and verb not in ("timeout", "exact", "done"):
            known = ", ".join([*_VERBS, "timeout", "exact", "done"])
            raise reader.wrong(f"unknown step {verb!r} (known: {known})")
        return verb

    def _step(self, verb: str, number: int, reader: Reader) -> Step | None:
        if verb == "exact":
            reader.end()
            if self._begun:
                raise reader.wrong("'exact' is the first step of a script")
            self._exact = True
            return None
        if verb == "timeout":
            self._patience = parse_duration(reader.rest, reader.where)
            return None
        step = _VERBS[verb](self, number, reader)
        if isinstance(step, Leave):
            self._over = number
        return step

    def _within(self, reader: Reader) -> float:
        """Return the time that a step may take."""
        text = reader.rest
        return parse_duration(text, reader.where) if text else self._patience

    # One method for each step.

    def _send(self, line: int, reader: Reader) -> Step:
        data = self._sent(reader, 'send takes a text in quotes: send "hello\\n"')
        reader.end()
        return Send(line, data)

    def _sent(self, reader: Reader, otherwise: str) -> Terms:
        terms = reader.terms(otherwise)
        if terms.is_pattern:
            raise reader.wrong("a pattern can be awaited, and not sent")
        return terms

    def _segments(self, line: int, reader: Reader) -> Step:
        size = 0
        if reader.takes(_EACH):
            found = reader.takes(_COUNT)
            size = int(found.group(1)) if found and found.group(1) else 0
            if not size:
                raise reader.wrong("write: segments each BYTES TEXT")
            parts: tuple[Terms, ...] = (self._sent(reader, "segments takes a text in quotes"),)
        else:
            parts = reader.list(_COMMA, "segments takes texts in quotes, with commas between them")
        if any(part.is_pattern for part in parts):
            raise reader.wrong("a pattern can be awaited, and not sent")
        reader.end()
        return Segments(line, parts, size)

    def _expect(self, line: int, reader: Reader) -> Step:
        return self._awaited(line, reader, "next" if self._exact else "search")

    def _skip_to(self, line: int, reader: Reader) -> Step:
        return self._awaited(line, reader, "search", several=False)

    def _awaited(self, line: int, reader: Reader, how: str, several: bool = True) -> Step:
        otherwise = "expect takes a text in quotes or a /regular expression/"
        all_of = several and bool(reader.takes(_UNORDERED))
        if several and reader.takes(_ANY_OF):
            texts = reader.list(_BAR, otherwise)
        elif all_of:
            texts = reader.list(_COMMA, otherwise)
        else:
            texts = (reader.terms(otherwise),)
        shown = " | ".join(one.shown for one in texts)
        if reader.takes(_AS):
            words = reader.takes(_QUOTED)
            if not words:
                raise reader.wrong('after as the words for messages are awaited: as "the greeting"')
            shown = f"{words.group(1)} ({shown})"
        return Expect(line, texts, shown, self._within(reader), how, all_of)

    def _eof(self, line: int, reader: Reader) -> Step:
        reader.end()
        return Eof(line)

    def _end(self, line: int, reader: Reader) -> Step:
        return End(line, self._within(reader), "next" if self._exact else "any")

    def _expect_end(self, line: int, reader: Reader) -> Step:
        return End(line, self._within(reader), "either")

    def _expect_reset(self, line: int, reader: Reader) -> Step:
        return End(line, self._within(reader), "reset")

    def _reset(self, line: int, reader: Reader) -> Step:
        reader.end()
        return Leave(line, abort=True)

    def _close(self, line: int, reader: Reader) -> Step:
        reader.end()
        return Leave(line)

    def _nothing_yet(self, line: int, reader: Reader) -> Step:
        why = reader.takes(_QUOTED)
        reader.end()
        return NothingYet(line, why.group(1) if why else "")

    def _let(self, line: int, reader: Reader) -> Step:
        named = reader.takes(_LET)
        if not named:
            raise reader.wrong('write: let NAME = TEXT, as in: let key = "k" words(8)')
        data = self._sent(reader, "let takes a text in quotes")
        reader.end()
        return Let(line, named.group(1), data)

    def _repeat(self, line: int, reader: Reader) -> Step:
        found = reader.takes(_COUNT)
        times = found.group() if found else ""
        number = 1 if times.startswith("$") else whole({}, times or "0", reader.where)
        if not 0 < number <= MOST_ROUNDS:
            raise reader.wrong(f"'repeat' takes a number from 1 to {MOST_ROUNDS}")
        reader.end()
        self._depth += 1
        steps = tuple(self._block(line))
        self._depth -= 1
        return Repeat(line, times, steps)

    def _interact(self, line: int, reader: Reader) -> Step:
        reader.end()
        if self._depth:
            raise reader.wrong("'interact' cannot be repeated")
        return Interact(line)


def _check_names(steps: tuple[Step, ...], script: str, known: set[str]) -> None:
    """Check that names are known where they are used; add new ones. Raises UsageError."""
    for step in steps:
        for name in _names_used(step):
            if name not in known:
                near = f" (known: {', '.join(sorted(known))})" if known else ""
                raise UsageError(f"{script}:{step.line}: unknown name ${name}{near}")
        if isinstance(step, Let):
            known.add(step.name)
        elif isinstance(step, Expect):
            known |= {name for text in step.texts for name in text.groups}
        elif isinstance(step, Repeat):
            inner = known | {"i"}
            _check_names(step.steps, script, inner)
            known |= inner - {"i"}


def _names_used(step: Step) -> Iterator[str]:
    texts: tuple[Terms, ...] = ()
    if isinstance(step, (Send, Let)):
        texts = (step.data,)
    elif isinstance(step, Segments):
        texts = step.parts
    elif isinstance(step, Expect):
        texts = step.texts
    elif isinstance(step, Repeat) and step.times.startswith("$"):
        yield step.times[1:]
    for text in texts:
        yield from text.names


_VERBS: dict[str, Callable[[_Parser, int, Reader], Step]] = {
    "send": _Parser._send,
    "expect": _Parser._expect,
    "eof": _Parser._eof,
    "end": _Parser._end,
    "interact": _Parser._interact,
    "skip-to": _Parser._skip_to,
    "segments": _Parser._segments,
    "let": _Parser._let,
    "nothing-yet": _Parser._nothing_yet,
    "repeat": _Parser._repeat,
    "close": _Parser._close,
    "reset": _Parser._reset,
    "expect-end": _Parser._expect_end,
    "expect-reset": _Parser._expect_reset,
}

#: Steps of the suite's profiles that a single client does not have.
_OF_PROFILES = frozenset(
    {
        *("connect", "join", "flood", "exchange", "stop-reading", "terminal", "type", "see"),
        *("next-client", "accepted", "restart", "pause", "resume", "terminate", "kill", "do"),
    }
)

_VERB = re.compile(r"[^\s\"/(]+")
_CLIENT = re.compile(r"([A-Za-z][A-Za-z0-9$_-]*)[ \t]*:(?=\s)")
_EACH = re.compile(r"each(?=\s)")
_COUNT = re.compile(r"([0-9]{1,9})(?![\w.])|\$[A-Za-z_][A-Za-z0-9_-]*")
_COMMA, _BAR = re.compile(","), re.compile(r"\|")
_ANY_OF, _UNORDERED = re.compile(r"any\s+of(?![\w-])"), re.compile(r"unordered(?![\w-])")
_AS = re.compile(r"as(?=[\s\"])")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LET = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)[ \t]*=")
