"""Write the steps of a recorded session: sent and received data as lines of text. No I/O."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from .masking import SHORTEST, secrets_in
from .naming import Names, Span
from .patterns import Part, variable_parts
from .texts import pieces, quoted, terms
from .watched import Happened, What

#: The most columns of a line with several terms.
COLUMNS = 96

#: The most lines and bytes of an answer that is compared completely, and the number of lines that
#: are compared of a longer one.
ANSWER_LINES, ANSWER_BYTES, SHOWN = 60, 16 * 1024, 20

#: The most bytes that are compared of an answer with long lines.
SHOWN_BYTES = 2048

#: The lines, counted from the end of a long answer, at which the comparison may continue if the
#: same text is not before them; the third last is the first choice.
ENDING = (3, 2, 1, *range(4, 13))

#: Seconds from which an answer gets its own time limit, and the factor for that limit.
SLOW, LONGER = 3.0, 4

#: Kinds of text that mean the same thing if they occur again; equal times are only chance.
_IDENTITIES = frozenset({"UUID", "identifier", "number"})


class Item(NamedTuple):
    """A part of a step's terms: bytes, a name, or a part that varies.

    ``text`` is the data that was sent or received; ``name`` is that of a parameter or a group.
    """

    text: bytes
    name: str = ""
    part: Part | None = None


class Steps:
    """The steps of one session.

    Arguments:
        happened: the events of the session.
        masks: texts that must not be written.
        hosts: the names of this machine.
        datagrams: whether each run of bytes is one datagram.
    """

    def __init__(
        self,
        happened: Sequence[Happened],
        masks: Collection[bytes] = (),
        hosts: Collection[bytes] = (),
        datagrams: bool = False,
    ) -> None:
        self._happened = happened
        self._hosts = hosts
        self._datagrams = datagrams
        self.names = Names()
        self._sent = bytearray()
        self._has_ended = False
        #: How many parts became patterns.
        self.patterns = 0
        for text in masks:
            self.names.hide(text, "asked for by --mask")
        self._find_secrets()

    def lines(self) -> list[str]:
        """Return the steps, with comments."""
        written: list[str] = []
        for index, event in enumerate(self._happened):
            written += self._event(index, event)
        return written

    def first_input(self) -> str:
        """Return the terms of the client's first data; empty if the server sends first."""
        first = self._happened[0] if self._happened else None
        if first is None or first.what != What.SENT:
            return ""
        data = first.data if self._datagrams else next(self._whole_names(pieces(first.data)), b"")
        return _joined(self._named(data))

    def _find_secrets(self) -> None:
        """Find all secrets before anything is written, because an answer may repeat one."""
        before = b""
        for event in self._happened:
            if event.what == What.CAME:
                before = event.data
            elif event.what == What.SENT:
                for secret in secrets_in(event.data, before):
                    self.names.hide(event.data[secret.start : secret.end], secret.why)

    def _event(self, index: int, event: Happened) -> Iterable[str]:
        if event.what == What.SENT:
            return self._send(event.data)
        if event.what == What.CAME:
            return self._await(index, event)
        return self._end(event)

    def _send(self, data: bytes) -> Iterator[str]:
        if self._has_ended:
            yield f"# sent after the server's end: {len(data)} bytes"
            return
        self._sent += data
        whole = _joined(self._named(data))
        if self._datagrams or len(whole) <= COLUMNS:
            yield f"send {whole or quoted(b'')}"
            return
        for piece in self._whole_names(pieces(data)):
            yield f"send {_joined(self._named(piece))}"

    def _whole_names(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces, joined where a named text crosses the end of one."""
        kept = b""
        for piece in parts:
            kept += piece
            if not any(span.end > len(kept) - SHORTEST for span in self.names.spans(kept)):
                yield kept
                kept = b""
        if kept:
            yield kept

    def _await(self, index: int, event: Happened) -> Iterator[str]:
        slow = _time(event.waited)
        if self._datagrams:
            yield from self._expect(index, event.data, slow, "expect")
            return
        parts = list(self._whole_names(pieces(event.data)))
        is_long = len(parts) > ANSWER_LINES or len(event.data) > ANSWER_BYTES
        if not is_long or event.data in self._sent:
            for number, piece in enumerate(parts):
                yield from self._expect(index, piece, slow if number == 0 else "", "expect")
            return
        number, size = 0, 0
        while number < SHOWN and size < SHOWN_BYTES:
            yield from self._expect(index, parts[number], "" if number else slow, "expect")
            size += len(parts[number])
            number += 1
        yield from self._skip(index, parts[number:])

    def _skip(self, index: int, parts: list[bytes]) -> Iterator[str]:
        """Yield steps that skip the middle of a long answer."""
        rest = b"".join(parts)
        for back in ENDING[: len(parts)]:
            piece = parts[-back]
            offset = len(rest) - sum(map(len, parts[-back:]))
            varies = any(item.part for item in self._items(index, piece))
            if not varies and piece.strip() and rest.find(piece) == offset:
                yield f"# {len(parts) - back} lines ({offset} bytes) are not compared"
                yield f"skip-to {_joined(self._named(piece))}"
                for after in parts[len(parts) - back + 1 :]:
                    yield from self._expect(index, after, "", "expect")
                return
        yield f"# {len(rest)} bytes are counted and not compared"
        yield f"expect /(?s:.{{{len(rest)}}})/"

    def _expect(self, index: int, data: bytes, slow: str, verb: str) -> Iterator[str]:
        items = self._items(index, data)
        kinds = [item.part.kind for item in items if item.part]
        if kinds:
            self.patterns += len(kinds)
            literal = _joined(_literal(items))
            yield f"# as it came: {verb} {literal}   ({', '.join(dict.fromkeys(kinds))})"
        yield f"{verb} {_joined(items) or quoted(b'')}{slow}"

    def _end(self, event: Happened) -> Iterator[str]:
        slow = _time(event.waited)
        if self._has_ended:
            yield f"# then {event.what.value}"
            return
        if event.what in (What.END, What.SERVER_RESET, What.RESET):
            self._has_ended = True
        yield {
            What.EOF: "eof",
            What.END: f"end{slow}",
            What.RESET: "reset",
            What.SERVER_RESET: f"expect-reset{slow}",
        }[event.what]

    def _named(self, data: bytes) -> list[Item]:
        """Return the data as literal bytes and names."""
        return _split(data, self.names.spans(data))

    def _items(self, index: int, data: bytes) -> list[Item]:
        """Return received data as literal bytes, names, and parts that vary."""
        items: list[Item] = []
        parts = variable_parts(data, bytes(self._sent), self._hosts)
        spans = self.names.spans(data)
        parts = [
            part
            for part in parts
            if all(part.end <= span.start or span.end <= part.start for span in spans)
        ]
        at = 0
        for part in parts:
            before = [span for span in spans if at <= span.start < part.start]
            items += _split(data[at : part.start], [_shifted(span, at) for span in before])
            text = data[part.start : part.end]
            name = self._captured(index, part, text)
            items.append(Item(text, name, part))
            at = part.end
        after = [_shifted(span, at) for span in spans if span.start >= at]
        return items + _split(data[at:], after)

    def _captured(self, index: int, part: Part, text: bytes) -> str:
        """Return the name of a group if the text occurs again in a later step, else ""."""
        if len(text) < SHORTEST:
            return ""
        for event in self._happened[index + 1 :]:
            is_same = event.what == What.SENT or part.kind in _IDENTITIES
            if is_same and text in event.data:
                return self.names.capture(text, part.kind)
        return ""


def _shifted(span: Span, by: int) -> Span:
    return span._replace(start=span.start - by, end=span.end - by)


def _split(data: bytes, spans: Sequence[Span]) -> list[Item]:
    items, at = [], 0
    for span in spans:
        items += [Item(data[at : span.start]), Item(data[span.start : span.end], span.name)]
        at = span.end
    return [item for item in [*items, Item(data[at:])] if item.text]


def _literal(items: Sequence[Item]) -> list[Item]:
    """Return the items without patterns; a hidden text stays hidden."""
    plain: list[Item] = []
    for item in items:
        if item.name and not item.part:
            plain.append(item)
        elif plain and not plain[-1].name:
            plain[-1] = Item(plain[-1].text + item.text)
        else:
            plain.append(Item(item.text))
    return plain


def _joined(items: Sequence[Item]) -> str:
    """Return the terms of a step."""
    written = []
    for number, item in enumerate(items):
        if item.part is not None:
            is_last = number == len(items) - 1
            regex = item.part.exact if is_last else item.part.regex
            written.append(f"/(?P<{item.name}>{regex})/" if item.name else f"/{regex}/")
        elif item.name:
            written.append(f"${item.name}")
        else:
            written.append(terms(item.text))
    return " ".join(written)


def _time(waited: float) -> str:
    return f" {math.ceil(waited * LONGER)}s" if waited > SLOW else ""
