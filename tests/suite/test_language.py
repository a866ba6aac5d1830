"""Profiles in TOML: the file is read, and its steps are run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.core.verdict import Level, Verdict, WrongUsage
from conformance.language.document import read_profile
from conformance.plan import Options, Plan
from conformance.profiles import BUILT_IN
from conformance.runner.judge import run
from conformance.runner.needs import Outcome
from conformance.scenario.profile import Profile, StreamProfile
from conformance.targets.reaper import dismiss_reaper

from .judging import PYTHON

FOLDER = Path(__file__).parent / "language"
SHOUT = f"{PYTHON} {FOLDER / 'shout.py'} {{port}}"

HEAD = """
name = "shout"
transports = ["tcp"]
[parameters]
name = 'shouter'
greeting = 'HELLO, I am $name\\r\\n'
[deadlines]
short = "300ms"
[session]
open = 'expect $greeting as "the greeting"'
serve = '''
send "hello\\n"
expect "HELLO\\n"
eof
end
'''
[[requirement]]
id = "it"
must = "It does."
clause = "2.1"
steps = '''
"""


@pytest.fixture(autouse=True)
def no_reaper() -> Iterator[None]:
    yield
    dismiss_reaper()


def profile_of(tmp_path: Path, text: str) -> Profile:
    path = tmp_path / "shout.toml"
    path.write_text(text, encoding="utf-8")
    return read_profile(path)


def outcome(
    profile: Profile, word: str, target: str = SHOUT, settings: str = "", transport: str = "tcp"
) -> Outcome:
    catalogue = BUILT_IN.extended([profile])
    options = Options(
        target, profile.name, transports=(transport,), settings=settings, deadline=5.0
    )
    plan = Plan(options, catalogue=catalogue)
    return run(plan, next(one for one in plan.cases if one.requirement.word == word))


def played(tmp_path: Path, steps: str, settings: str = "") -> Outcome:
    return outcome(profile_of(tmp_path, f"{HEAD}{steps}'''\n"), "it", settings=settings)


def line_of(steps: str, text: str) -> int:
    whole = f"{HEAD}{steps}".split("\n")
    return next(number for number, line in enumerate(whole, 1) if text in line)


def test_file_is_read_as_a_profile() -> None:
    profile = read_profile(FOLDER / "shout.toml")
    assert (profile.name, profile.spec) == ("shout", "PROTOCOL.md")
    assert profile.parameters["greeting"] == b"HELLO, I am shouter\r\n"
    assert profile.first_input == b"hello\n"
    words = [one.word for one in profile.requirements]
    assert words[:2] == ["upper", "captured"]
    assert {"concurrent", "reset-at-once", "sigterm-idle", "quiet"} < set(words)


@pytest.mark.parametrize(
    "word", ["upper", "captured", "concurrent", "stall-then-reset", "leak-fin"]
)
def test_correct_server_passes(word: str) -> None:
    assert outcome(read_profile(FOLDER / "shout.toml"), word).message == ""


#: Ends a connection after 64 KiB from the client; the unread rest makes that an RST.
LIMITED = """
import socketserver, sys

class Shout(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"HELLO, I am shouter\\r\\n")
        taken = 0
        while taken < 65536 and (data := self.request.recv(4096)):
            taken += len(data)
            self.request.sendall(data.upper())

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

Server(("127.0.0.1", int(sys.argv[1])), Shout).serve_forever()
"""


@pytest.mark.parametrize("stall", ["", "stall = 'flood \"some words\\n\"'\n"])
@pytest.mark.parametrize("word", ["reset-while-writing", "stall-then-reset"])
def test_server_may_close_a_client_that_does_not_read(
    word: str, stall: str, tmp_path: Path
) -> None:
    (tmp_path / "server.py").write_text(LIMITED)
    text = HEAD.replace("[session]\n", f"[session]\n{stall}") + "connect\n'''\n"
    server = f"{PYTHON} {tmp_path}/server.py {{port}}"
    assert outcome(profile_of(tmp_path, text), word, server).message == ""


#: Steps that pass with a correct server.
RIGHT = {
    "text": 'send "abc\\n"\nexpect "ABC\\n"\n',
    "escapes": 'send "\\x41\\t\\u00e9\\"\\\\\\n"\nexpect "A\\t" hex(c3 a9) "\\"\\\\\\n"\n',
    "joined terms": 'send "a" upper("b") ("c" "d") * 2 "\\n"\nexpect "ABCDCD" hex(0a)\n',
    "functions": 'let a = "xyz"\nsend reverse($a) len($a) base64("a") "\\n"\n'
    'expect "ZYX3YQ==\\n"\n',
    "crlf": 'send crlf("a\\n\\r\\n")\nexpect "A\\r\\n\\r\\n"\n',
    "generated": "let text = lines(300K)\nexchange $text expect upper($text)\n",
    "more than a buffer": 'let text = words(200K)\nsend $text "\\n"\nexpect upper($text) "\\n"\n',
    "a pattern": 'send "port 4711\\n"\nexpect "PORT " /(?P<port>\\d+)/ "\\n"\n'
    'send $port "\\n"\nexpect "4711\\n"\n',
    "a pattern in pieces": 'segments "port ", "47", "11\\n"\nexpect "PORT 4" /\\d*/ "\\n"\n',
    "up to FIN": 'send "a\\nb\\nc"\neof\nexpect /(?s:.*)\\Z/\nend\n',
    "the shortest": 'send "a\\n.\\nb\\n.\\n"\nexpect /(?s:.*?)\\n\\.\\n/\nexpect "B\\n.\\n"\n',
    "one of": 'send "b\\n"\nexpect any of "A\\n" | /(?P<b>B)\\n/ | "BC"\nsend $b "\\n"\n'
    'expect "B\\n"\n',
    "a group without a part": 'send "b\\n"\nexpect any of /A(?P<n>.)\\n/ | /B(?P<m>C)?\\n/\n'
    'send "<" $n $m ">\\n"\nexpect "<>\\n"\n',
    "unordered": 'send "c\\na\\nb\\n"\nexpect unordered "A\\n", /B\\n/, "C\\n"\n',
    "skipped": 'send "a\\nb\\nc\\n"\nskip-to /(?P<b>B)\\n/\nexpect "C\\n"\nsend $b "\\n"\n'
    'expect "B\\n"\n',
    "two clients": 'alice: send "a\\n"\nbob: send "b\\n"\n'
    'bob: expect "B\\n"\nalice: expect "A\\n"\n',
    "raw": 'A: connect\nA: expect $greeting\nA: send "x\\n"\nA: expect "X\\n"\n',
    "fin": 'send "a\\n"\neof\nexpect "A\\n"\nend\n',
    "fin, by its other name": "eof\nexpect-eof 2s\n",
    "comments": '# first\n\n  send "#\\n"   # a comment\nexpect "#\\n"# and another\n',
    "reset": 'send "abc"\nreset\nB: send "b\\n"\nB: expect "B\\n"\n',
    "come back": 'A: close\nA: join\nA: send "a\\n"\nA: expect "A\\n"\n',
}


RIGHT |= {
    "segments": 'segments "a", "b" "c", "\\n"\nexpect "ABC\\n"\n',
    "pieces": 'let line = words(30) "\\n"\nsegments each 7 $line\nexpect upper($line)\n',
    "flood": 'A: join stop-reading\nB: send "b\\n"\nflood "a\\n" * 1000 to 16M\n'
    'B: expect "B\\n"\nreset\nnext-client\n',
    "stop-reading": 'send "a\\n"\nstop-reading\nnext-client\nexpect "A\\n"\n',
    "nothing-yet": 'send "a"\nnext-client\nnothing-yet "an answer to half a line"\n'
    'send "\\n"\nexpect "A\\n"\n',
    "repeat": 'repeat 3\n  C$i: join\n  C$i: send "c" $i "\\n"\ndone\naccepted\n'
    'repeat 3\n  C$i: expect "C" $i "\\n"\ndone\nC2: close\nC1: eof\nC1: end\n',
    "repeat a name": 'send "2\\n"\nexpect /(?P<n>\\d)/ "\\n"\nrepeat $n\nsend "x" * $n "\\n"\n'
    'expect "XX\\n"\ndone\n',
    "the server's end": 'send "QUIT\\n"\nexpect "BYE\\n"\nend\neof\n',
    "any end": 'send "a\\nb\\nRESET\\n"\nexpect-end\n',
    "a reset": 'send "a\\n"\nexpect "A\\n"\nsend "RESET\\n"\nexpect-reset\n',
    "restart": 'send "a\\n"\nexpect "A\\n"\nrestart\nB: send "b\\n"\nB: expect "B\\n"\n'
    "A: expect-end\n",
    "restart after a crash": "restart SIGKILL\nnext-client\n",
    "kill": "next-client\nkill\n",
    "terminate": "next-client\nterminate 4s\n",
    "pause": 'A: connect\npause\nA: send "a\\n"\nA: eof\nresume\nA: expect $greeting\n'
    'A: expect "A\\n"\nA: end\n',
    "pause to the end": 'send "a\\n"\nexpect "A\\n"\npause\n',
    "a terminal": 'P: terminal\nP: see $greeting as "the greeting"\nP: type "hello"\n'
    'P: see "HELLO\\n"\n',
}


@pytest.mark.parametrize("name", RIGHT)
def test_steps_of_a_correct_server(name: str, tmp_path: Path) -> None:
    assert played(tmp_path, RIGHT[name]).message == ""


def test_message_names_the_line_of_the_failing_step(tmp_path: Path) -> None:
    steps = 'send "abc\\n"\nexpect "ABD\\n" as "the answer in upper case"   # wrong\n'
    came = played(tmp_path, steps)
    assert came.verdict == Verdict.FAIL
    step = f'  step      shout.toml:{line_of(steps, "ABD")}: expect "ABD\\n" as'
    assert step in came.message
    assert "# wrong" not in came.message
    assert "wrong byte at 2 of the answer in upper case" in came.message
    assert came.message.index("  step ") < came.message.index("  expected ")


def test_client_served_in_the_meantime_has_another_name(tmp_path: Path) -> None:
    came = played(tmp_path, 'send "a\\n"\nnext-client\nnothing-yet\n')
    served = [line.split()[1] for line in came.message.splitlines() if "-- connect" in line]
    assert served == ["A", "B"]
    came = played(tmp_path, 'next-client\nA: send "a\\n"\nA: expect "B\\n"\n')
    served = [line.split()[1] for line in came.message.splitlines() if "-- connect" in line]
    assert served == ["B", "A"]


@pytest.mark.parametrize(
    ("step", "awaited"),
    [('nothing-yet "an answer"', "nothing"), ("expect-reset", "RST"), ("end", "the end (FIN)")],
)
def test_expected_value_without_a_byte(step: str, awaited: str, tmp_path: Path) -> None:
    came = played(tmp_path, f'send "a\\n"\nnext-client\n{step}\n')
    assert f"^ byte 0: expected {awaited}, received 0x41 'A'" in came.message


def test_message_names_a_step_of_the_session(tmp_path: Path) -> None:
    came = played(tmp_path, 'send "a\\n"\n', settings="greeting=HELLO\\r\\n")
    assert f"shout.toml:{line_of('', 'open =')}: expect $greeting" in came.message
    assert "wrong byte at 5 of the greeting" in came.message


def test_parameter_may_use_others_and_may_be_a_pattern(tmp_path: Path) -> None:
    wrong = played(tmp_path, 'send "a\\n"\n', settings="name=other")
    assert 'expected  "HELLO, I am other\\r\\n"' in wrong.message
    assert played(tmp_path, 'send "a\\n"\n', settings="greeting=/HELLO[^\\n]*\\n/").message == ""


def test_client_that_stops_reading_does_not_read_while_sending(tmp_path: Path) -> None:
    came = played(tmp_path, "join stop-reading\ntimeout 500ms\nsend lines(16M)\n")
    assert "the server took" in came.message  # nobody reads its answers
    assert "A        -- stops reading" in came.message


def test_hint_about_a_duplicate_answer(tmp_path: Path) -> None:
    steps = 'send "abc\\nabc\\n"\nexpect /[A-Z]+\\n/\nexpect "D"\n'
    assert "hint      the answer comes twice" in played(tmp_path, steps).message


def test_file_with_bom_and_crlf(tmp_path: Path) -> None:
    text = f'\ufeff{HEAD}send "a\\n"\nexpect "B\\n"\n\'\'\'\n'.replace("\n", "\r\n")
    path = tmp_path / "shout.toml"
    path.write_bytes(text.encode())
    came = outcome(read_profile(path), "it")
    line = HEAD.count("\n") + 2
    assert f'shout.toml:{line}: expect "B\\n"' in came.message


def test_timeout_of_a_step(tmp_path: Path) -> None:
    came = played(tmp_path, 'send "no newline"\nexpect "NO" short\n')
    assert "nothing for 0.3 s" in came.message
    came = played(tmp_path, 'timeout 200ms\nsend "no newline"\nexpect "NO"\n')
    assert "nothing for 0.2 s" in came.message


#: An invalid pattern, and the error message.
OPEN = {
    "expect /PORT \\d+/": 'does not tell where its text ends: "PORT 0" may be the beginning of '
    '"PORT 00"',
    'expect "a" /b*/': 'does not tell where its text ends: "a" may be the beginning of "ab"',
    "skip-to /x+/": 'does not tell where its text ends: "x" may be the beginning of "xx"',
    'expect any of "a" | "ab"': "does not tell where its text ends",
    "expect /a(?=b)/": "has a look-around",
    "expect /(.)\\1/": "has a back reference",
    "expect /OK$/": "has $ (write the end of the line",
    "expect /a(/": "does not compile: missing ), unterminated subpattern at position 1",
}


@pytest.mark.parametrize("step", OPEN)
def test_pattern_determines_where_its_text_ends(step: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage) as raised:
        played(tmp_path, f"{step}\n")
    assert OPEN[step] in str(raised.value)
    assert f":{line_of(step, step)}: " in str(raised.value)


#: Steps with a pattern, and the message for a wrong answer.
WRONG = {
    'send "ok 1x\\n"\nexpect "OK " /\\d+/ "\\n"\n': "wrong byte at 4 of the answer: [\\n0-9] was "
    'awaited after "OK 1", and "X\\n" came',
    'send "ok"\neof\nexpect "OK" /[A-Z]*!/\n': 'only "OK" of the answer came and then the '
    "server ended the connection (FIN); [!A-Z] was awaited next",
    'send "a\\n"\nexpect any of "B\\n" | "C\\n"\n': "wrong byte at 0 of the answer: [BC] was",
}


WRONG |= {
    'send "a\\n"\nnext-client\nnothing-yet "an answer"\n': "2 bytes came where an answer was",
    'send "QUIT\\n"\nexpect-reset\n': "4 bytes came where RST was awaited",
    'send "a\\n"\nexpect unordered "A\\n", "B\\n" 300ms\n': "the answer did not come within 0.3 s",
    'send "a\\n"\nskip-to "Z" as "the last letter" 300ms\n': "the last letter did not come within "
    '0.3 s; what came is "A\\n"',
    "expect-end 300ms\n": "the server did not end the connection within 0.3 s",
    "end 300ms\n": "the server did not end the connection within 0.3 s",
    'P: see "Z" 300ms\n': "Z",
}


@pytest.mark.parametrize("steps", WRONG)
def test_first_byte_that_does_not_match_is_reported(steps: str, tmp_path: Path) -> None:
    assert WRONG[steps] in played(tmp_path, steps).message


DATAGRAMS = """
name = "shout-udp"
transports = ["udp"]
[session]
serve = '''
send "hello"
expect "HELLO"
'''
[[requirement]]
id = "it"
must = "Each datagram is answered in upper case."
clause = "2.1"
steps = '''
send "one"
expect "ONE" as "the answer"
send "two"
send "three"
expect unordered "TWO", "THREE"
B: send ""
B: expect ""
B: close
B: send "b"
B: expect "B"
next-client
restart
B: send words(100)
'''
"""


def test_datagrams(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, DATAGRAMS)
    assert outcome(profile, "it", f"{SHOUT} udp", transport="udp").message == ""
    wrong = profile_of(tmp_path, DATAGRAMS.replace('"ONE"', '"ON"'))
    came = outcome(wrong, "it", f"{SHOUT} udp", transport="udp")
    assert 'step      shout.toml:15: expect "ON" as "the answer"' in came.message
    assert "the datagram that came is not the answer" in came.message


#: Steps with patterns for whole datagrams, and the message for each datagram that does not match.
WHOLE = {
    'send "ab"\nexpect "A" /[A-Z]/': "",
    'send "ab"\nexpect /(?P<a>[A-Z]+)/\nsend $a "c"\nexpect $a "C"': "",
    'send ""\nexpect /[A-Z]*/': "",
    'send "ab"\nexpect any of "A" | "AB" | /[0-9]+/': "",
    'send "ab"\nexpect "AB"\nnext-client\nnothing-yet': "",
    'send "ab1"\nexpect /[A-Z]+/ as "the word"': "wrong byte at 2 of the word: no more was awaited "
    'after "AB", and "1" came',
    'send "ab"\nexpect /[A-Z]{3}/': "wrong byte at 2 of the answer: [A-Z] was awaited after "
    '"AB", and the datagram ended',
    # Each datagram matches one of them, in any order: B matches only the second.
    'send "b"\nsend "a"\nexpect unordered /(?P<any>[AB])/, "B"\nsend $any\nexpect "A"': "",
    'send "a"\nsend "b"\nexpect unordered /[A-Z]/, /[0-9]/ as "both"': "is one too many for both",
    'send "a"\nsend "b"\nexpect unordered /[0-9]/, "B" as "both"': 'the datagram "A" matches none '
    "of both",
    'send "abc"\nexpect /[A-Z]{2}/': 'no more was awaited after "AB", and "C" came',
    'send "ab"\nnext-client\nnothing-yet "it was asked for"': "a datagram of 2 bytes came before "
    "it was asked for",
}


@pytest.mark.parametrize("steps", WHOLE)
def test_pattern_must_match_the_whole_datagram(steps: str, tmp_path: Path) -> None:
    head, _, _ = DATAGRAMS.partition('send "one"')
    profile = profile_of(tmp_path, f"{head}{steps}\n'''\n")
    came = outcome(profile, "it", f"{SHOUT} udp", transport="udp").message
    assert WHOLE[steps] in came if WHOLE[steps] else came == ""


PROPERTIES = """
[parameters]
login = {default = "no", about = "yes or no: whether there is a login"}
[session]
serve = 'send "a\\n"'
base = ["first"]
stall = 'flood "b\\n"'
chatter = '"c\\n"'
half-input = '"half"'
[[requirement]]
id = "first"
should = "It does."
clause = "1"
steps = 'send "a\\n"'
[[requirement]]
id = "second"
must = "It does that too."
clause = "2"
basis = "RFC 862"
unless = ["first"]
once = true
hint = "look at it"
skip = [{parameter = "login", is = "no", reason = "there is no login"}]
transports = ["tcp", "unix"]
steps = ['send "a\\n"', 'reset']
[[requirement]]
id = "third"
must = "It restarts."
clause = "3"
needs = ["first", "concurrent"]
steps = '''
eof
end
restart
'''
[mutants.late]
command = "./late {port}"
breaks = "second"
"""


def test_properties_of_a_requirement(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, PROPERTIES)
    first, second, third = profile.requirements[:3]
    assert (first.level, first.needs, first.basis) == (Level.SHOULD, (), "SPEC 1")
    assert (second.needs, second.unless) == (("shout/first",), ("shout/first",))
    assert (second.basis, second.once, second.hint) == ("RFC 862", True, "look at it")
    assert second.transports == ("tcp",)  # a Unix socket has no RST
    assert (second.spawned, third.spawned, third.half_close) == (False, True, True)
    assert profile.settings.meanings["login"] == "yes or no: whether there is a login"
    assert profile.settings.not_meant("second", profile.parameters) == "there is no login"
    assert profile.settings.not_meant("second", {"login": b"yes"}) is None
    assert isinstance(profile, StreamProfile)
    assert (profile.half_input, profile.chatter) == (b"half", b"c\n")


NAMED = """
[patterns]
line = '(?P<letters>[A-Z ]+)\\n'
[steps]
ask = '''
send "abc\\n"
expect $line as "the answer"
'''
twice = '''
do ask
repeat 1
  do ask
done
'''
[session]
open = 'skip-to "\\r\\n"'
serve = 'do ask'
[[requirement]]
id = "it"
must = "It does."
clause = "1"
steps = '''
B: do twice
send "x " lower($letters) "\\n"
expect "X ABC\\n"
B: do ask
'''
"""


def test_patterns_and_steps_have_names(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, f'transports = ["tcp"]\n{NAMED}')
    assert profile.first_input == b"abc\n"
    assert outcome(profile, "it").message == ""
    assert outcome(profile, "concurrent").message == ""
    wrong = NAMED.replace('"abc\\n"', '"1\\n"')
    came = outcome(profile_of(tmp_path, f'transports = ["tcp"]\n{wrong}'), "it")
    said = 'shout.toml:8: expect $line as "the answer" (done in line 24)'
    assert said in came.message
    assert "wrong byte at 0 of the answer: [ A-Z] was awaited" in came.message


def test_shared_clauses_can_be_left_out(tmp_path: Path) -> None:
    few = profile_of(tmp_path, 'shared = ["survival"]\n' + PROPERTIES.replace(', "concurrent"', ""))
    words = {one.word for one in few.requirements}
    assert "reset-at-once" in words
    assert "concurrent" not in words
    none = profile_of(tmp_path, "shared = false\n" + PROPERTIES.replace(', "concurrent"', ""))
    assert [one.word for one in none.requirements] == ["first", "second", "third"]


def test_error_names_its_line(tmp_path: Path) -> None:
    steps = 'send "abc\\n"\nexpcet "ABC\\n"\n'
    with pytest.raises(WrongUsage) as raised:
        played(tmp_path, steps)
    path = tmp_path / "shout.toml"
    line = line_of(steps, "expcet")
    assert str(raised.value) == f"{path}:{line}: unknown step 'expcet' (did you mean expect?)"
