"""The failure message, the suite's main product: what was awaited, what came, and where.

Pure text processing. The order is fixed: verdict line, clause, comparison with a caret at the
first wrong byte, hint, the last lines that the server printed, transcript, and the command that
reproduces the failure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .transcript import escape
from .verdict import Violation

#: The most bytes shown before the first wrong byte, and in total.
BEFORE, SHOWN = 24, 48


def failure(
    violation: Violation,
    *,
    identity: str,
    level: str,
    clause: str,
    transport: str,
    text: str,
    hint: str | None,
    transcript: Sequence[str],
    reproduce: str,
    line: str = "",
) -> str:
    """Return the whole message for one broken requirement, without the verdict word.

    Arguments:
        line: the settings of the line between the clients and the server, if it was a bad one.
        clause: the clause with the name of its contract, as in "SPEC 2.1".
    """
    lines = [
        f"{identity} ({level}, {clause}, {transport}): {violation.summary}",
        f"  requires  {text}",
        *([f"  line      {line}"] if line else []),
        *([f"  step      {violation.step}"] if violation.step else []),
        *comparison(violation),
    ]
    if hint:
        lines.append(f"  hint      {hint}")
    if violation.server_output:
        judged = "client" if identity.startswith("client-") else "server"
        lines.append(f"  the {judged}'s last lines:")
        lines += [f"    | {line}" for line in violation.server_output]
    lines.append("  transcript (seconds, client, direction):")
    lines += [f"    {line}" for line in transcript]
    lines.append(f"  reproduce {reproduce}")
    return "\n".join(lines)


def comparison(violation: Violation) -> list[str]:
    """Return the lines for expected and received, and one with a caret at the first wrong byte."""
    expected, received = violation.expected, violation.received
    if expected is None or received is None or violation.offset is None:
        return []
    offset = violation.offset
    start = max(0, offset - BEFORE)
    prefix = "..." if start else ""
    column = len(prefix) + 1 + len(escape(expected[start:offset]))
    return [
        f"  expected  {_window(expected, start, offset)}{_size(expected)}",
        f"  received  {_window(received, start, offset)}{_received_end(violation)}",
        f"            {' ' * column}^ {_caret(violation)}",
    ]


def _window(data: bytes, start: int, offset: int) -> str:
    stop = max(start + SHOWN, offset + SHOWN // 3)
    return (
        ("..." if start else "")
        + f'"{escape(data[start:stop])}"'
        + ("..." if stop < len(data) else "")
    )


def _size(data: bytes) -> str:
    return f"  ({len(data)} bytes)" if len(data) > BEFORE else ""


def _received_end(violation: Violation) -> str:
    received = violation.received or b""
    if violation.instead and violation.offset == len(received):
        return f" then {violation.instead}"
    return ""


def _caret(violation: Violation) -> str:
    expected, received = violation.expected or b"", violation.received or b""
    offset = violation.offset or 0
    end = "the end of the datagram" if "datagram" in violation.kind else _end(violation)
    return (
        f"byte {offset}: expected {_byte(expected, offset, end)}, "
        f"received {_byte(received, offset, violation.instead or 'nothing')}"
    )


def _end(violation: Violation) -> str:
    """Return the name of the awaited event, for an offset at which no byte was awaited."""
    awaited = violation.awaited or "FIN"
    if violation.expected or re.search(r"\b(FIN|end)\b", awaited):
        return "the end (FIN)"
    return "RST" if awaited == "RST" else "nothing"


def _byte(data: bytes, offset: int, otherwise: str) -> str:
    if offset >= len(data):
        return otherwise
    shown = escape(data[offset : offset + 1])
    code = f"0x{data[offset]:02X}"
    return code if shown.startswith("\\x") else f"{code} '{shown}'"
