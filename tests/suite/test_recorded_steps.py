"""From the events of a session to the file: steps, patterns, names, secrets. No server runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.authoring.document import Recording, document
from conformance.authoring.masking import secrets_in
from conformance.authoring.names import check_name, name_for
from conformance.authoring.pacing import LONGEST, PATIENCE, QUIET, Pacing
from conformance.authoring.steps import Steps
from conformance.authoring.texts import pieces, terms
from conformance.authoring.watched import BULK, Happened, Watched, What
from conformance.core.verdict import WrongUsage
from conformance.language.document import read_profile
from conformance.language.read_terms import read
from conformance.language.terms import Name, Regex, Text, value

EOF, END = Happened(What.EOF), Happened(What.END)


def sent(data: bytes) -> Happened:
    return Happened(What.SENT, data)


def came(data: bytes, waited: float = 0.0) -> Happened:
    return Happened(What.CAME, data, waited)


def steps(*happened: Happened, **more: object) -> list[str]:
    return Steps(happened, **more).lines()  # type: ignore[arg-type]


# Terms.


@pytest.mark.parametrize(
    ("data", "written"),
    [
        (b"hello\r\n", r'"hello\r\n"'),
        (b'say "hi"\\\t', r'"say \"hi\"\\\t"'),
        (b"\0one\x7f", r'"\x00one\x7f"'),
        ("grüß dich\n".encode(), r'"grüß dich\n"'),
        (b"\xff\xfb\x01\xff\xfd\x03login: ", 'hex(ff fb 01 ff fd 03) "login: "'),
        (b"cost $price, $11", r'"cost \x24price, $11"'),
        (b"it's '''quoted'''", r'''"it's ''\x27quoted''\x27"'''),
        (b"x" * 1000 + b"\n", r'"x" * 1000 "\n"'),
        (b"ab" * 40, '"ab" * 40'),
        (b"x" * 20, '"' + "x" * 20 + '"'),
        (b"\0" * 70000, "hex(00) * 70000"),
        (b"", ""),
    ],
)
def test_bytes_as_terms(data: bytes, written: str) -> None:
    assert terms(data) == written


@pytest.mark.parametrize("seed", range(20))
def test_every_byte_can_be_read_back(seed: int) -> None:
    import random

    source = random.Random(seed)
    data = b"".join(
        source.choice(
            [
                source.randbytes(source.randrange(40)),
                b"plain text 'quoted' \"twice\" $name \\ \r\n",
                bytes([source.randrange(256)]) * source.randrange(200),
                "ünï\u2028cödé\U0001f600".encode(),
            ]
        )
        for _ in range(30)
    )
    assert b"".join(pieces(data)) == data
    parsed = b"".join(value(read(terms(piece)), None) for piece in pieces(data))  # type: ignore[arg-type]
    assert parsed == data


# Steps.


def test_conversation() -> None:
    assert steps(came(b"ready\r\n> "), sent(b"hello\n"), came(b"HELLO\r\n"), EOF, END) == [
        r'expect "ready\r\n"',
        r'expect "> "',
        r'send "hello\n"',
        r'expect "HELLO\r\n"',
        "eof",
        "end",
    ]


def test_steps_show_which_side_ended_first() -> None:
    assert steps(sent(b"quit\n"), END, EOF)[-2:] == ["end", "# then the client ended (FIN)"]
    assert steps(sent(b"x\n"), Happened(What.SERVER_RESET))[-1] == "expect-reset"
    assert steps(sent(b"x\n"), Happened(What.RESET))[-1] == "reset"


def test_variable_text_becomes_a_pattern_with_the_original_as_comment() -> None:
    assert steps(came(b"now 10:32:11, pid 4242 ok\n")) == [
        r'# as it came: expect "now 10:32:11, pid 4242 ok\n"   (time, number)',
        r'expect "now " /\d{1,2}:\d{1,2}:\d{1,2}/ ", pid " /\d+/ " ok\n"',
    ]


def test_last_pattern_of_an_answer_has_a_fixed_length() -> None:
    assert steps(came(b"ticket 48213"))[-1] == r'expect "ticket " /\d{5}/'
    assert steps(came(b"ticket 48213\n"))[-1] == r'expect "ticket " /\d+/ "\n"'


def test_server_value_sent_back_by_the_client_is_captured() -> None:
    lines = steps(
        came(b"session 9f2c5e7b1a0d\n"), sent(b"resume 9f2c5e7b1a0d\n"), came(b"9f2c5e7b1a0d\n")
    )
    assert lines[1:] == [
        r'expect "session " /(?P<identifier>[0-9a-fA-F]+)/ "\n"',
        r'send "resume " $identifier "\n"',
        r'expect $identifier "\n"',
    ]


def test_repeated_time_of_day_is_not_captured() -> None:
    lines = steps(came(b"10:32:11 one\n"), sent(b"x\n"), came(b"10:32:11 two\n"))
    assert [line for line in lines if "$" in line] == []


def test_slow_answer_gets_its_own_timeout() -> None:
    assert steps(sent(b"x\n"), came(b"a\nb\n", 8.0)) == [
        r'send "x\n"',
        r'expect "a\n" 32s',
        r'expect "b\n"',
    ]


def test_long_answer_is_compared_at_both_ends() -> None:
    answer = b"".join(b"item %d\n" % number for number in range(900)) + b"sum\nEND\n.\n"
    lines = steps(sent(b"list\n"), came(answer))
    assert lines[1] == r'expect "item 0\n"'
    assert lines[-4:] == [
        "# 880 lines (7840 bytes) are not compared",
        r'skip-to "sum\n"',
        r'expect "END\n"',
        r'expect ".\n"',
    ]


def test_rest_of_an_answer_without_terminator_is_counted() -> None:
    lines = steps(sent(b"get\n"), came(b"0123456789abcde\n" * 4000))
    assert re.fullmatch(r"expect /\(\?s:\.\{\d+\}\)/", lines[-1])
    assert lines[-2].endswith("bytes are counted and not compared")


def test_long_echo_is_compared_completely() -> None:
    data = b"".join(b"line %d\n" % number for number in range(500))
    lines = steps(sent(data), came(data))
    assert len(lines) == 1000
    assert lines[-1] == r'expect "line 499\n"'


def test_datagrams_are_not_joined_or_cut() -> None:
    lines = steps(sent(b"a\nb\n"), came(b"A\nB\n"), sent(b""), came(b""), datagrams=True)
    assert lines == [r'send "a\nb\n"', r'expect "A\nB\n"', 'send ""', 'expect ""']


# Secrets.


@pytest.mark.parametrize(
    ("before", "typed", "secret"),
    [
        (b"login: ", b"alice\n", b""),
        (b"Password: ", b"hunter2\n", b"hunter2"),
        (b"Password for alice:", b"hunter2\r\n", b"hunter2"),
        (b"331 Please specify the password.\r\n", b"PASS hunter2\r\n", b"PASS hunter2"),
        (b"Enter passphrase for key 'id':\n", b"long words\n", b"long words"),
        (b"334 UGFzc3dvcmQ6\r\n", b"aHVudGVyMg==\r\n", b"aHVudGVyMg=="),
        (b"334 VXNlcm5hbWU6\r\n", b"YWxpY2U=\r\n", b""),
        (b"", b"PASS hunter2\r\n", b"hunter2"),
        (b"", b"AUTH hunter2\r\n", b"hunter2"),
        (b"", b"AUTH alice hunter2\r\n", b"alice hunter2"),
        (b"", b"AUTH LOGIN\r\n", b""),
        (b"", b"AUTH PLAIN AGFsaWNlAHB3\r\n", b"AGFsaWNlAHB3"),
        (b"", b"a1 LOGIN alice hunter2\r\n", b"hunter2"),
        (b"", b"*2\r\n$4\r\nAUTH\r\n$7\r\nhunter2\r\n", b"hunter2"),
        (b"", b"GET / HTTP/1.1\r\nAuthorization: Basic YTpi\r\n\r\n", b"Basic YTpi"),
        (b"", b"user=a&password=hunter2&x=1\n", b"hunter2"),
        (b"", b'{"token": "abc123", "x": 1}\n', b"abc123"),
        (b"", b"bypass the pins\n", b""),
    ],
)
def test_secrets_are_recognized(before: bytes, typed: bytes, secret: bytes) -> None:
    found = secrets_in(typed, before)
    assert [typed[one.start : one.end] for one in found] == ([secret] if secret else [])


def test_secret_is_replaced_by_a_parameter_everywhere() -> None:
    steps = Steps([came(b"Password: "), sent(b"hunter2\n"), came(b"hi, hunter2!\n")])
    assert steps.lines() == [
        'expect "Password: "',
        r'send $secret "\n"',
        r'expect "hi, " $secret "!\n"',
    ]
    assert steps.names.secrets == {"secret": "it was typed after 'Password:'"}


def test_masked_text_appears_nowhere(tmp_path: Path) -> None:
    happened = [
        sent(b"key 0011aabbccdd\n"),
        came(b"pid 99 key 0011aabbccdd at 10:00:01\n"),
        EOF,
        END,
    ]
    recording = Recording("s", "tcp://h:1", "tcp", happened, masks=(b"0011aabbccdd",))
    written = document(recording, lambda settings: f"run --set {settings}")
    assert "0011aabbccdd" not in written.text
    assert written.judge == "run --set secret=..."
    assert written.summary.endswith("hidden: $secret")


# The file.


def test_file_is_read_by_the_suite(tmp_path: Path) -> None:
    happened = [
        came(b"it's '''ready''' at 10:00:01\n"),
        sent(b"\xff\xfe'''\\ \"$x\"\n"),
        came(b"login 12345 Password: "),
        sent(b"tcp 12345 hunter2\n"),
        came("ü\u2028\n".encode() + b"\x00" * 100),
        EOF,
        END,
    ]
    recording = Recording("s", 'it\'s "a" {port}\n', "tcp", happened)
    path = tmp_path / "s.toml"
    path.write_text(document(recording, lambda _: "run").text, encoding="utf-8")
    profile = read_profile(path)
    assert [one.id for one in profile.requirements] == ["s/as-recorded"]
    assert profile.transports == ("tcp",)
    assert profile.first_input == b""


def test_patterns_are_valid_in_the_language() -> None:
    line = steps(came(b"up 10:32:11 at a.b.example.org/x\n"))[-1]
    found = read(line.removeprefix("expect "))
    assert [type(term) for term in found] == [Text, Regex, Text, Regex, Text]
    assert not any(isinstance(term, Name) for term in found)


# How events are grouped.


def test_bulk_data_is_one_event_despite_answers_in_between() -> None:
    watched = Watched()
    for _ in range(3):
        watched.sent("A", b"x" * BULK)
        watched.received("A", b"y" * BULK)
    assert [(one.what, len(one.data)) for one in watched.happened] == [
        (What.SENT, 3 * BULK),
        (What.CAME, 3 * BULK),
    ]


def test_each_line_is_a_separate_event() -> None:
    watched = Watched()
    watched.sent("A", b"one\n")
    watched.received("A", b"ON")
    watched.received("A", b"E\n")
    watched.sent("A", b"two\n")
    watched.note("A", "FIN", "->")
    watched.note("A", "connect tcp://h:1")
    assert [(one.what, one.data) for one in watched.happened] == [
        (What.SENT, b"one\n"),
        (What.CAME, b"ONE\n"),
        (What.SENT, b"two\n"),
        (What.EOF, b""),
    ]


# When typed lines are passed on.


def test_each_line_waits_for_the_answer_to_the_one_before() -> None:
    pacing = Pacing(0.0)
    pacing.put(b"one\ntwo\n")
    pacing.ended = True
    assert pacing.take(0.1) == b""  # the server may send a greeting
    assert pacing.take(PATIENCE) == b"one\n"
    assert pacing.take(0.5) == b""
    pacing.heard(0.6)
    assert pacing.take(0.65) == b""
    assert pacing.take(0.61 + QUIET) == b"two\n"
    assert not pacing.is_over(0.75)
    pacing.heard(0.8)
    assert pacing.is_over(0.81 + QUIET)


def test_continuous_output_does_not_delay_the_next_line() -> None:
    pacing = Pacing(0.0)
    pacing.put(b"one\ntwo\n")
    assert pacing.take(1.0) == b"one\n"
    for tenth in range(11, 31):
        pacing.heard(tenth / 10)
    assert pacing.take(1.0 + LONGEST) == b"two\n"


def test_lines_of_one_request_are_sent_together() -> None:
    pacing = Pacing(0.0)
    pacing.put(b"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nC: d\r\n\r\n")
    taken, now = [], 0.0
    while pacing.size:
        now += 0.1
        data = pacing.take(now)
        taken += [data] if data else []
    assert b"".join(taken).endswith(b"C: d\r\n\r\n")
    assert len(taken) == 5
    assert now < 2


def test_answers_are_waited_for_again_after_a_multi_line_message() -> None:
    pacing = Pacing(0.0)
    pacing.put(b"one\ntwo\nthree\n.\nQUIT\n")
    now = 0.4
    for line in (b"one\n", b"two\n", b"three\n", b".\n"):
        while not (taken := pacing.take(now)):
            now += 0.05
        assert taken == line
    pacing.heard(now + 0.01)
    assert pacing.take(now + 0.05) == b""
    assert pacing.take(now + 0.02 + QUIET) == b"QUIT\n"


@pytest.mark.parametrize("data", [b"\x00one\ntwo\n", b"\xff\xfb\x01\n\n", b"line\n" * 8000])
def test_large_or_binary_data_is_sent_at_once(data: bytes) -> None:
    pacing = Pacing(0.0)
    pacing.put(data)
    assert pacing.take(0.0) == data


# Names.


def test_names_of_profiles() -> None:
    known = {"echo": 1}
    for name in ("shout", "my-shout", "a1", "x-2-y"):
        check_name(name, known)
    for name in ("", "Shout", "a_b", "-a", "a-", "a--b", "1a", "a/b", "ä", "echo", "x" * 41):
        with pytest.raises(WrongUsage):
            check_name(name, known)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("smtp", "smtp"),
        ("My Session_2", "my-session-2"),
        ("echo", "recorded-echo"),
        ("2024", "recorded-2024"),
        ("...", "recorded"),
        ("x" * 60, "x" * 40),
    ],
)
def test_name_for_a_file(stem: str, name: str) -> None:
    assert name_for(stem, {"echo"}) == name
    check_name(name, {"echo"})
