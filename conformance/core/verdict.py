"""The vocabulary of a judgement: levels, verdicts, exit statuses, and the ends of a scenario.

A scenario returns (the requirement holds) or raises one of the exceptions below. This module
knows nothing about sockets, processes or pytest.
"""

from __future__ import annotations

import enum


class Level(str, enum.Enum):
    """How binding a requirement is (RFC 2119)."""

    MUST = "MUST"
    SHOULD = "SHOULD"


class Verdict(str, enum.Enum):
    """The result of judging one requirement over one transport."""

    PASS = "PASS"
    FAIL = "FAIL"
    WARN = "WARN"
    SKIP = "SKIP"
    ERROR = "ERROR"
    XFAIL = "XFAIL"
    XPASS = "XPASS"
    FLAKY = "FLAKY"


#: Verdicts that fail a run, the worst first.
RED = (Verdict.ERROR.value, Verdict.FAIL.value, Verdict.FLAKY.value, Verdict.XPASS.value)


class Exit(enum.IntEnum):
    """The exit statuses of the suite."""

    CONFORMANT = 0
    NOT_CONFORMANT = 1
    INTERRUPTED = 2
    INTERNAL_ERROR = 3
    USAGE = 4
    NOTHING_RAN = 5
    UNREACHABLE = 6
    STALE_EXPECTATIONS = 7
    SUITE_FAILED = 8


MEANING = {
    Exit.CONFORMANT: "conformant",
    Exit.NOT_CONFORMANT: "not conformant",
    Exit.INTERRUPTED: "interrupted",
    Exit.INTERNAL_ERROR: "internal error",
    Exit.USAGE: "wrong usage",
    Exit.NOTHING_RAN: "nothing ran",
    Exit.UNREACHABLE: "the target could not be started or reached",
    Exit.STALE_EXPECTATIONS: "only the file of known failures is outdated",
    Exit.SUITE_FAILED: "the suite itself failed",
}


class Violation(Exception):
    """The server broke the requirement.

    Arguments:
        kind: a stable word for the kind of fault, the signature of a failure
            (``wrong-bytes``, ``fin-instead-of-rst``, ``died``).
        summary: one sentence for a person.
        expected, received: the bytes compared, from the start of what was awaited.
        offset: index of the first wrong byte in both.
        instead: what came at ``offset`` if it was not a byte
            (``FIN``, ``RST``, ``nothing for 10 s``).
        awaited: what was awaited, in the words of the clause.
        client: the name of the client that saw it.
        hint: the usual cause of such a fault.
    """

    def __init__(
        self,
        kind: str,
        summary: str,
        *,
        expected: bytes | None = None,
        received: bytes | None = None,
        offset: int | None = None,
        instead: str | None = None,
        awaited: str | None = None,
        client: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(summary)
        self.kind = kind
        self.summary = summary
        self.expected = expected
        self.received = received
        self.offset = offset
        self.instead = instead
        self.awaited = awaited
        self.client = client
        self.hint = hint
        self.server_output: list[str] = []
        #: The step of a scenario file, with its place: ``shout.toml:12: expect "x"``.
        self.step = ""
        #: The previous answer, which was right.
        self.previous = b""


class NotJudged(Exception):
    """The requirement cannot be judged here; the text says why."""


class TooSlow(NotJudged):
    """The server answers correctly, but takes longer than a person waits for one clause."""


class NotOverLine(NotJudged):
    """The requirement cannot be judged over this line to the server; other lines may allow it."""


class LineTooSlow(NotOverLine):
    """The line to the server is too slow for this clause."""


class WrongUsage(Exception):
    """The command line makes no sense; the text is the one line shown."""

    exit = Exit.USAGE


class Unreachable(Exception):
    """The target could not be started or reached; the text is the one line shown."""

    exit = Exit.UNREACHABLE

    def __init__(self, summary: str, output: list[str] | None = None) -> None:
        super().__init__(summary)
        self.output = output or []


class SuiteFailed(Exception):
    """The suite's self-check failed; no verdict can be trusted."""

    exit = Exit.SUITE_FAILED


class NotWritten(Exception):
    """A report or the output could not be written; the text is the one line shown."""

    exit = Exit.INTERNAL_ERROR


def cause_of(error: OSError) -> str:
    """Return the system's text for an error, in lower case, for the end of a message."""
    return (error.strerror or str(error)).lower()
