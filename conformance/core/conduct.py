"""Translate the suite's own words into the words of a service.

A scenario sends ``read key`` and awaits ``OK value``, or sends a line and awaits its echo. A
server may use other words for the same: SET says which (settings.py), and a Conduct translates
the data that is sent and the data that is awaited. A Conduct belongs to one client, because an
answer may repeat that client's request. This module knows nothing about sockets.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping

LF = b"\n"

#: An LF without a CR before it.
_BARE_LF = re.compile(rb"(?<!\r)\n")

_FIELD = re.compile(rb"\{([\w-]+)\}")


class Text(bytes):
    """A text of the service, which is sent unchanged: a greeting, a farewell, a reply."""


class Pattern(Text):
    """A text that is known only by a regular expression; the bytes are the expression."""

    def at_start(self, data: bytes) -> int | None:
        """Return the length of the match at the start of data; None if nothing matches (yet)."""
        found = re.match(bytes(self), data)
        return found.end() if found else None

    def without_cr(self) -> Pattern:
        """Return the same pattern for data whose lines end in LF only."""
        return Pattern(bytes(self).replace(b"\\r", b"").replace(b"\r", b""))


def fill(template: bytes, values: Mapping[bytes, bytes]) -> bytes:
    """Return a template with its ``{fields}`` filled in; an unknown field is left unchanged."""
    return _FIELD.sub(lambda found: values.get(found.group(1), found.group(0)), template)


def fields(template: bytes) -> set[bytes]:
    """Return the names of a template's ``{fields}``."""
    return set(_FIELD.findall(template))


class Conduct:
    """A service that uses the words of the scenarios, perhaps with another end of line.

    Arguments:
        eol: the end of a line, in both directions.
        one_round: the server ends the connection after its first answer.
        ends_unasked: the server ends the connection although its client has not ended it.
    """

    def __init__(
        self, eol: bytes = LF, one_round: bool = False, ends_unasked: bool = False
    ) -> None:
        self.eol = eol
        self.one_round = one_round
        #: Whether the server may end first; then data sent after that end proves no fault.
        self.ends_unasked = one_round or ends_unasked
        #: The most bytes of a flood to a server that reads only once; None is without a limit.
        self.most = 64 if one_round else None

    def sent(self, data: bytes) -> bytes:
        """Return the service's words for data that a scenario sends."""
        return data if self.eol == LF else _BARE_LF.sub(lambda _: self.eol, data)

    def expected(self, data: bytes) -> bytes:
        """Return the service's words for data that a scenario awaits."""
        return data if isinstance(data, Text) else self.worded(data)

    def worded(self, data: bytes) -> bytes:
        """Return the service's words for awaited data that is not a Text."""
        return self.sent(data)

    def peek(self, data: bytes) -> bytes:
        """Return what expected() would return, without any effect on later calls."""
        return self.expected(data)


class Answers(Conduct):
    """An echo with words around it: the answer to each line (or datagram) is a filled template.

    The template's fields: ``{line}`` is the line without its end, ``{data}`` with it; ``{LINE}``
    and ``{DATA}`` have ASCII letters in upper case; ``{n}`` is the number of bytes of ``{data}``.
    """

    def __init__(self, answer: bytes, eol: bytes = LF, one_round: bool = False) -> None:
        super().__init__(eol, one_round)
        self.answer = answer

    def worded(self, data: bytes) -> bytes:
        """Return the answers to all lines, and to the incomplete line at the end."""
        sent = self.sent(data)
        lines = sent.split(LF)
        pieces = [self.one(line + LF) for line in lines[:-1]]
        return b"".join([*pieces, self.one(lines[-1])] if lines[-1] else pieces)

    def one(self, data: bytes) -> bytes:
        """Return the answer to one line or datagram."""
        line = data.removesuffix(LF)
        line = line[:-1] if line.endswith(b"\r") and data.endswith(LF) else line
        values = {b"line": line, b"data": data, b"n": b"%d" % len(data)}
        values |= {b"LINE": line.upper(), b"DATA": data.upper()}
        return fill(self.answer, values)


class DatagramAnswers(Answers):
    """An echo of datagrams with words around it; each datagram is answered as a whole."""

    def worded(self, data: bytes) -> bytes:
        """Return the answer to a datagram."""
        return self.one(data)


class Command:
    """A command of a line protocol.

    Arguments:
        pattern: the canonical line, with named groups for its fields.
    """

    def __init__(self, pattern: bytes) -> None:
        self._pattern = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        self.fields = {name.encode() for name in self._pattern.groupindex}

    def read(self, line: bytes) -> dict[bytes, bytes] | None:
        """Return the fields of a canonical line, or None if it is another command."""
        found = self._pattern.fullmatch(line)
        return {key.encode(): value for key, value in found.groupdict().items()} if found else None


#: Service -> its commands by their name, which is the keyword in lower case.
COMMANDS: dict[str, dict[str, Command]] = {
    "chat": {
        "login": Command(rb"login (?P<name>[^ ]+) (?P<password>.+)"),
        "join": Command(rb"join (?P<channel>[^ ]+)"),
        "part": Command(rb"part (?P<channel>[^ ]+)"),
        "say": Command(rb"say (?P<channel>[^ ]+) (?P<text>.+)"),
        "quit": Command(rb"quit"),
    },
    "crud": {
        "create": Command(rb"create (?P<key>[^ ]+) (?P<value>.+)"),
        "read": Command(rb"read (?P<key>[^ ]+)"),
        "update": Command(rb"update (?P<key>[^ ]+) (?P<value>.+)"),
        "delete": Command(rb"delete (?P<key>[^ ]+)"),
    },
}

#: Service -> the notices that it sends without a request, by the name of their template.
NOTICES: dict[str, dict[str, Command]] = {
    "chat": {
        "joined": Command(rb"\* (?P<name>[^ ]+) joined (?P<channel>[^ ]+)"),
        "left": Command(rb"\* (?P<name>[^ ]+) left (?P<channel>[^ ]+)"),
        "message": Command(rb"(?P<channel>#[^ ]+) <(?P<name>[^>]+)> (?P<text>.+)"),
    },
    "crud": {},
}

#: Canonical answer -> the name of its template. An answer of success is named after its command.
REFUSALS: dict[str, dict[bytes, str]] = {
    "chat": {
        b"ERROR bad password": "bad-password",
        b"ERROR already logged in": "already-logged-in",
        b"ERROR not logged in": "not-logged-in",
        b"ERROR not in channel": "not-in-channel",
        b"ERROR line too long": "too-long",
    },
    "crud": {b"ERROR exists": "exists", b"ERROR not found": "not-found"},
}

#: The canonical words: the defaults of the templates.
WORDS: dict[str, dict[str, bytes]] = {
    "chat": {
        "login": b"LOGIN {name} {password}",
        "join": b"JOIN {channel}",
        "part": b"PART {channel}",
        "say": b"SAY {channel} {text}",
        "quit": b"QUIT",
        "login-ok": b"OK",
        "join-ok": b"OK",
        "part-ok": b"OK",
        "say-ok": b"OK",
        "quit-ok": b"BYE",
        "joined": b"* {name} joined {channel}",
        "left": b"* {name} left {channel}",
        "message": b"{channel} <{name}> {text}",
        **{name: answer for answer, name in REFUSALS["chat"].items()},
        "error": b"ERROR",
    },
    "crud": {
        "create": b"create {key} {value}",
        "read": b"read {key}",
        "update": b"update {key} {value}",
        "delete": b"delete {key}",
        "create-ok": b"OK",
        "read-ok": b"OK {value}",
        "update-ok": b"OK",
        "delete-ok": b"OK",
        **{name: answer for answer, name in REFUSALS["crud"].items()},
        "error": b"ERROR",
    },
}


class Words(Conduct):
    """A line protocol with other words: each command, answer and notice is a template.

    Arguments:
        service: "chat" or "crud".
        words: every template by its name.
    """

    def __init__(self, service: str, words: Mapping[str, bytes], eol: bytes = LF) -> None:
        super().__init__(eol)
        self._service = service
        self._words = words
        #: Commands without an answer so far: the name and the fields.
        self._asked: deque[tuple[str, dict[bytes, bytes]]] = deque()

    def sent(self, data: bytes) -> bytes:
        """Return complete lines in the service's words; an incomplete line stays unchanged."""
        return self._by_line(data, self._command)

    def worded(self, data: bytes) -> bytes:
        """Return answers and notices in the service's words."""
        if data == b"ERROR":  # any reason follows
            self._answered()
            return self._words["error"]
        return self._by_line(data, self._answer)

    def peek(self, data: bytes) -> bytes:
        """Return what worded() would return, without counting a command as answered."""
        asked = self._asked.copy()
        try:
            return self.worded(data)
        finally:
            self._asked = asked

    def _by_line(self, data: bytes, turn: Callable[[bytes], bytes | None]) -> bytes:
        *lines, rest = data.split(LF)
        turned = [turn(line) for line in lines]
        return b"".join(line + self.eol for line in turned if line is not None) + rest

    def _command(self, line: bytes) -> bytes:
        line, cr = (line[:-1], b"\r") if line.endswith(b"\r") else (line, b"")
        if self.eol != LF:
            cr = b""
        for name, command in COMMANDS[self._service].items():
            values = command.read(line)
            keyword, blank, rest = line.partition(b" ")
            if values is not None:
                self._asked.append((name, values))
                usual = WORDS[self._service][name].partition(b" ")[0]
                template = _in_the_case_of(keyword, usual, self._words[name])
                return fill(template, values) + cr
            if keyword.lower() == name.encode():
                line = self._words[name].partition(b" ")[0] + blank + rest
                break
        self._asked.append(("", {}))
        return line + cr

    def _answered(self) -> tuple[str, dict[bytes, bytes]]:
        return self._asked.popleft() if self._asked else ("", {})

    def _answer(self, line: bytes) -> bytes | None:
        """Return the service's line for a canonical line; None if the service sends nothing."""
        for name, notice in NOTICES[self._service].items():
            values = notice.read(line)
            if values is not None:
                return fill(self._words[name], values) or None
        command, values = self._answered()
        refusal = REFUSALS[self._service].get(line)
        if refusal:
            return fill(self._words[refusal], values) or None
        if command and line.startswith((b"OK", b"BYE")):
            if line.startswith(b"OK "):
                values = {**values, b"value": line[len(b"OK ") :]}
            return fill(self._words[f"{command}-ok"], values) or None
        return line


def _in_the_case_of(typed: bytes, usual: bytes, template: bytes) -> bytes:
    """Return the template with its own words in the letter case of the typed keyword."""
    if typed == usual:
        return template
    first, blank, rest = template.partition(b" ")
    if first.lower() == typed.lower():
        return typed + blank + rest
    turn = bytes.lower if typed.islower() else bytes.upper if typed.isupper() else bytes.swapcase
    parts = re.split(rb"(\{[\w-]+\})", template)
    return b"".join(part if _FIELD.fullmatch(part) else turn(part) for part in parts)
