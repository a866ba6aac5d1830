"""Failure messages, compared character by character with the expected text."""

from __future__ import annotations

import pytest

from conformance.core.hints import hint_for
from conformance.core.message import comparison, failure
from conformance.core.transcript import Transcript, escape, first_difference, render
from conformance.core.verdict import Violation


def test_caret_marks_the_first_wrong_byte() -> None:
    violation = Violation("wrong-bytes", "", expected=b"Hello\n", received=b"HeLlo\n", offset=2)
    assert comparison(violation) == [
        '  expected  "Hello\\n"',
        '  received  "HeLlo\\n"',
        "               ^ byte 2: expected 0x6C 'l', received 0x4C 'L'",
    ]


def test_escapes_before_it_move_the_caret() -> None:
    violation = Violation(
        "missing-bytes",
        "",
        expected=b"\x00\n\xffend",
        received=b"\x00\n\xff",
        offset=3,
        instead="FIN",
    )
    assert comparison(violation) == [
        '  expected  "\\x00\\n\\xffend"',
        '  received  "\\x00\\n\\xff" then FIN',
        "                       ^ byte 3: expected 0x65 'e', received FIN",
    ]


def test_only_the_context_of_an_error_in_large_data_is_shown() -> None:
    expected = b"x" * 1_000_000
    received = expected[:700_000] + b"y" + expected[700_001:]
    violation = Violation("wrong-bytes", "", expected=expected, received=received, offset=700_000)
    lines = comparison(violation)
    assert max(len(line) for line in lines) < 120
    assert lines[0].endswith("(1000000 bytes)")
    caret = lines[2].index("^")
    assert lines[0][caret] == "x"
    assert lines[1][caret] == "y"


def test_whole_message() -> None:
    transcript = Transcript()
    transcript.note("A", "connect tcp://127.0.0.1:1")
    transcript.sent("A", b"hello\n")
    transcript.received("A", b"hello\r\n")
    transcript.note("A", "FIN", "<-")
    violation = Violation(
        "wrong-bytes",
        "wrong byte at 5 of the echo",
        expected=b"hello\n",
        received=b"hello\r\n",
        offset=5,
    )
    violation.server_output = ["last words"]
    message = failure(
        violation,
        identity="echo/simple",
        level="MUST",
        clause="SPEC 2.2",
        transport="tcp",
        text="What is received is sent back.",
        hint=hint_for(violation),
        transcript=[line[10:] for line in render(transcript.as_json())],
        reproduce="python -m conformance run --case echo/simple",
    )
    assert message.splitlines() == [
        "echo/simple (MUST, SPEC 2.2, tcp): wrong byte at 5 of the echo",
        "  requires  What is received is sent back.",
        '  expected  "hello\\n"',
        '  received  "hello\\r\\n"',
        "                  ^ byte 5: expected 0x0A '\\n', received 0x0D '\\r'",
        "  hint      LF became CR LF: newline translation (text mode?)",
        "  the server's last lines:",
        "    | last words",
        "  transcript (seconds, client, direction):",
        "    A        -- connect tcp://127.0.0.1:1",
        '    A        -> "hello\\n"',
        '    A        <- "hello\\r\\n"',
        "    A        <- FIN",
        "  reproduce python -m conformance run --case echo/simple",
    ]


def test_consecutive_data_is_one_line_regardless_of_segmentation() -> None:
    transcript = Transcript()
    for _ in range(1000):
        transcript.received("A", b"x" * 1000)
    (event,) = transcript.as_json()
    assert event["size"] == 1_000_000
    assert len(event["data"]) < 1000


def test_long_transcript_shows_its_beginning_and_its_end() -> None:
    transcript = Transcript()
    for number in range(200):
        transcript.note(f"C{number}", "connect")
    lines = render(transcript.as_json())
    assert len(lines) < 40
    assert "C0 " in lines[0]
    assert "C199" in lines[-1]
    assert any("172 more events" in line for line in lines)


@pytest.mark.parametrize(
    ("violation", "words"),
    [
        (Violation("rst-instead-of-fin", ""), "unread input"),
        (Violation("fin-instead-of-rst", ""), "SO_LINGER"),
        (Violation("missing-bytes", "", expected=b"a\x00b", received=b"a", offset=1), "NUL"),
        (
            Violation("wrong-bytes", "", expected=b"\xc3", received=b"\xef\xbf\xbd", offset=0),
            "UTF-8",
        ),
        (Violation("no-fin", ""), "0 bytes means the end"),
        (Violation("refused", ""), "stopped accepting"),
    ],
)
def test_hints(violation: Violation, words: str) -> None:
    assert words in (hint_for(violation) or "")


def test_unknown_fault_has_no_hint() -> None:
    assert hint_for(Violation("something-new", "")) is None


def test_escapes_are_one_cell_for_one_byte() -> None:
    assert escape(b'\x00\x07\t\n\r"\\\x7f\xff a') == '\\x00\\a\\t\\n\\r\\"\\\\\\x7f\\xff a'


def test_first_difference_in_large_data() -> None:
    left = bytes(2_000_000)
    assert first_difference(left, left[:1_234_567] + b"\1" + left[1_234_568:]) == 1_234_567
    assert first_difference(b"abc", b"abc") == 3
    assert first_difference(b"abc", b"ab") == 2
    assert first_difference(b"", b"x") == 0


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("no-handshake", "does it speak TLS there"),
        ("missing-datagram", "answer to the address that recvfrom() gave"),
        ("client-stays", "the end of the connection must end the program"),
        ("status-zero", "exit with a status other than zero"),
        ("stack-trace", "report it in one line"),
    ],
)
def test_hints_for_datagrams_tls_and_clients(kind: str, hint: str) -> None:
    found = hint_for(Violation(kind, "it went wrong"))
    assert found is not None
    assert hint in found


@pytest.mark.parametrize(
    ("kind", "expected", "received", "hint"),
    [
        ("wrong-datagram", b"Hello\n", b"Hello\n\0", "strlen() + 1"),
        ("wrong-bytes", b"Hello\nagain\n", b"Hello\n\0again\n", "strlen() + 1"),
        ("wrong-datagram", b"Hello\n", b"Hello\n" + bytes(1018), "is the whole buffer sent"),
        ("wrong-bytes", b"Hello\n", b"Hello\n\0\0\0", "is the whole buffer sent"),
        ("wrong-datagram", b"x" * 200, b"x" * 128, "recvfrom() loses what does not fit"),
        ("wrong-datagram", b"x" * 20 + b"\0y", b"x" * 20, "it stops at NUL"),
        ("wrong-datagram", b"Hello", b"Jello", None),
        ("wrong-bytes", b"a\0\0b", b"a\0b", None),
    ],
)
def test_hint_about_the_buffer_of_a_c_program(
    kind: str, expected: bytes, received: bytes, hint: str | None
) -> None:
    at = first_difference(expected, received)
    violation = Violation(kind, "", expected=expected, received=received, offset=at)
    said = hint_for(violation)
    assert said is None if hint is None else hint in str(said)


def test_datagram_has_no_fin() -> None:
    violation = Violation("wrong-datagram", "", expected=b"a", received=b"ab", offset=1)
    assert "expected the end of the datagram" in comparison(violation)[-1]
