"""Conclude a profile and its parameters from what was seen, with evidence. No I/O."""

from __future__ import annotations

from .answers import answers
from .findings import Conclusion, note_clients, said_at_start
from .quiet import ends_by_itself, silent
from .seen import Seen
from .talk import FLOODED

#: The beginnings of the greeting of another protocol, and of its answer to invalid input.
GREETINGS = (
    (b"SSH-", "SSH"),
    (b"RFB ", "VNC"),
    (b"+OK ", "POP3"),
    (b"* OK", "IMAP"),
    (b"220 ", "SMTP or FTP"),
    (b"220-", "SMTP or FTP"),
)
ANSWERS = (
    (b"HTTP/", "HTTP"),
    (b"<!DOCTYPE", "HTTP"),
    (b"<html", "HTTP"),
    (b"-ERR unknown command", "Redis"),
    (b"\x15\x03", "TLS (as a target: tls://HOST:PORT, or a command with {cert} and {key})"),
)


def conclude(seen: Seen) -> Conclusion:
    """Return the conclusion about the server."""
    found = Conclusion()
    foreign = _foreign(seen)
    if foreign:
        return found.no("", foreign)
    if seen.listened.end == FLOODED:
        found.add("greeting", "without end", seen.listened)
        return found.no("greet", "it sends without end and without being asked")
    if seen.listened.end and not seen.lines:
        return ends_by_itself(seen, found)
    greeting = _greeting(seen, found)
    if greeting is None:
        return found.no("greet", "what it sends at the start differs too much to be a pattern")
    note_clients(seen, found)
    if not seen.answered:
        return silent(seen, found, greeting)
    return answers(seen, found, greeting)


def _foreign(seen: Seen) -> str:
    answered = [*seen.answered, *seen.finish, *seen.empty, *seen.request]
    for turns, known in (([seen.listened], GREETINGS), (answered, ANSWERS)):
        for turn in turns:
            for begin, name in known:
                if turn.answer.startswith(begin):
                    return f"it speaks {name}: {turn}"
    return ""


def _greeting(seen: Seen, found: Conclusion) -> str | None:
    """Return the value of the greeting; "" if there is none, None if no pattern fits."""
    samples = [one for one in seen.greetings if one]
    if not samples:
        found.add("greeting", "none", seen.listened)
        return ""
    return said_at_start(found, "greeting", samples)
