"""The usual causes of faults: one table, from a violation to a sentence.

Rows are tried in order; the first that matches gives the hint. A hint is only a suggestion, never
part of a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .verdict import Violation


def hint_for(violation: Violation) -> str | None:
    """Return the hint for a violation, or None."""
    if violation.hint:
        return violation.hint
    for matches, hint in _TABLE:
        if matches(violation):
            return hint
    return None


def _output(pattern: str) -> Callable[[Violation], bool]:
    compiled = re.compile(pattern)
    return lambda violation: bool(compiled.search("\n".join(violation.server_output)))


def _kind(*kinds: str) -> Callable[[Violation], bool]:
    return lambda violation: violation.kind in kinds


def _answered_twice(violation: Violation) -> bool:
    """Return whether the surplus bytes repeat the previous answer."""
    if not violation.received or violation.offset is None or len(violation.previous) < 2:
        return False
    surplus = violation.received[violation.offset :]
    return surplus.startswith(violation.previous) or (
        len(surplus) > 1 and violation.previous.startswith(surplus)
    )


def _wrong_at(expected: bytes, received: bytes) -> Callable[[Violation], bool]:
    def matches(violation: Violation) -> bool:
        at = violation.offset
        if violation.expected is None or violation.received is None or at is None:
            return False
        return violation.expected.startswith(expected, at) and violation.received.startswith(
            received, at
        )

    return matches


def _missing_after(byte: bytes) -> Callable[[Violation], bool]:
    """Return a check whether the answer stops right before one special byte."""

    def matches(violation: Violation) -> bool:
        at, expected = violation.offset, violation.expected
        if expected is None or at is None or violation.kind == "wrong-bytes":
            return False
        return expected[at : at + 1] == byte

    return matches


def _replacement(violation: Violation) -> bool:
    return b"\xef\xbf\xbd" in (violation.received or b"")


def _surplus(violation: Violation) -> bytes:
    """Return the bytes received from the first wrong byte on; empty if a NUL was expected there."""
    received, at = violation.received, violation.offset
    if received is None or violation.expected is None or at is None:
        return b""
    return b"" if violation.expected.startswith(b"\0", at) else received[at:]


def _one_nul(violation: Violation) -> bool:
    """Return whether a NUL follows the answer, and then nothing or the next awaited bytes."""
    surplus, at = _surplus(violation), violation.offset or 0
    return surplus[:1] == b"\0" and (violation.expected or b"").startswith(surplus[1:], at)


def _whole_buffer(violation: Violation) -> bool:
    """Return whether NULs follow the answer: the rest of a zeroed buffer."""
    return _surplus(violation).startswith(b"\0\0")


def _cut_datagram(violation: Violation) -> bool:
    """Return whether the datagram is only the beginning of the right one."""
    received, expected = violation.received or b"", violation.expected or b""
    return (
        violation.kind == "wrong-datagram"
        and 0 < len(received) < len(expected)
        and expected.startswith(received)
    )


_TABLE: list[tuple[Callable[[Violation], bool], str]] = [
    (
        _output(r"Unhandled 'error' event|Emitted 'error' event"),
        "a Node socket without an 'error' listener: an RST from any client ends the process; "
        "add socket.on('error', ...)",
    ),
    (
        _output(r"BrokenPipeError|ConnectionResetError|ConnectionAbortedError"),
        "catch the error of a connection that its client reset, and go on with the others",
    ),
    (_output(r"panic:|panicked at"), "one connection's error must not end the whole program"),
    (
        lambda violation: violation.kind == "died" and "(exit status 0)" in violation.summary,
        "a server has to stay in the foreground, and to serve more than one client",
    ),
    (
        lambda violation: violation.kind == "died" and "SIGPIPE" in violation.summary,
        "ignore SIGPIPE: writing to a connection that its client reset raises it",
    ),
    (
        _answered_twice,
        "the answer comes twice: does the server both write and pipe the same data?",
    ),
    (_replacement, "the server decodes bytes as UTF-8 with replacement; keep them bytes"),
    (_wrong_at(b"\n", b"\r\n"), "LF became CR LF: newline translation (text mode?)"),
    (_wrong_at(b"\r\n", b"\n"), "CR LF became LF: newline translation or a stripped line"),
    (_wrong_at(b"\r", b"\n"), "CR became LF: newline translation"),
    (
        _one_nul,
        "a NUL follows the answer: strlen() + 1, or the sizeof of a string? "
        "Send as many bytes as were received",
    ),
    (
        _whole_buffer,
        "NULs follow the answer: is the whole buffer sent (sizeof buf)? "
        "Send as many bytes as recv() returned",
    ),
    (_missing_after(b"\x00"), "it stops at NUL: a C string function (strlen, printf %s)?"),
    (
        _missing_after(b"\x04"),
        "the server treats byte 0x04 (Ctrl-D) as the end of input; on a socket only a read of 0 "
        "bytes is the end",
    ),
    (_missing_after(b"\x1a"), "it stops at 0x1A: text mode treats it as the end of a file"),
    (
        _cut_datagram,
        "it ends early: recvfrom() loses what does not fit into its buffer; "
        "a datagram can have 65507 bytes",
    ),
    (
        _kind("rst-instead-of-fin"),
        "closing with unread input sends RST (RFC 1122 4.2.2.13): read to the client's end first",
    ),
    (
        _kind("fin-instead-of-rst"),
        "close() sends FIN; set SO_LINGER {on, 0} before it (Node: socket.resetAndDestroy())",
    ),
    (
        lambda violation: (
            violation.kind == "ended-early"
            and "after" in (violation.awaited or "")
            and "FIN" in (violation.awaited or "")
        ),
        "the server closes at the client's FIN instead of finishing first "
        "(Node: allowHalfOpen: true)",
    ),
    (
        _kind("no-fin"),
        "the server does not end its side after the client's FIN: "
        "a read of 0 bytes means the end; shut down or close then",
    ),
    (
        _kind("descriptor-leak"),
        "a connection that has ended is not closed; a Node socket whose input is never read "
        "never ends (socket.resume())",
    ),
    (_kind("ignores-sigterm"), "close the listener and the connections on SIGTERM, then exit"),
    (_kind("port-held"), "a child process still holds the listener"),
    (_kind("path-left"), "remove the socket path before exiting, on SIGTERM too"),
    (
        lambda violation: violation.kind == "missing-bytes" and violation.offset == 0,
        "nothing came at all: does the server wait for more input (a newline, a full buffer), "
        "serve one client at a time, or keep its output in a buffer?",
    ),
    (
        _kind("no-handshake"),
        "does it speak TLS there, with the certificate that TLS_CERT and TLS_KEY name, and does "
        "a client's handshake wait for no other client?",
    ),
    (
        _kind("missing-datagram"),
        "answer to the address that recvfrom() gave, from the socket that received the datagram; "
        "an empty datagram is not the end of the input",
    ),
    (
        _kind("client-stays"),
        "the end of the connection must end the program, although it waits for a line to be typed",
    ),
    (_kind("status-zero"), "exit with a status other than zero when the connection broke"),
    (_kind("stack-trace"), "catch the connection's error, and report it in one line"),
    (
        lambda violation: violation.kind == "refused" and violation.summary.startswith("send to"),
        "nothing is bound to the port any more: has the server died, or closed its socket?",
    ),
    (
        _kind("refused"),
        "the server stopped accepting: has it died, or does it serve one client only?",
    ),
]
