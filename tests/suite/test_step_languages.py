"""Profile files and ``pync --expect`` share one step language, which two programs implement.

Both must read each script in the same way. Some steps exist in only one of them on purpose: the
other one refuses these by name.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from typing import Any

import pytest

from conformance.language.forms import Reading
from conformance.language.kinds import KINDS
from conformance.language.scope import Names
from conformance.language.steps import Line, Misread
from conformance.language.steps import Step as SuiteStep
from conformance.language.steps import parse as read_by_the_suite
from conformance.language.terms import pattern, value
from pync.core import script_steps as ours
from pync.core.errors import UsageError
from pync.core.script import _OF_PROFILES, _VERBS
from pync.core.script import parse as read_by_pync

#: Scripts that both accept, with the same meaning.
BOTH = [
    'send "hello\\n"',
    'send "\\r\\n\\t\\0\\x00\\xff\\\\\\"\\u00e9\\a\\b\\e\\f\\v\\\'é"',
    'send ""',
    'send "a" "b"hex(0d 0A)hex()  "c"',
    'send "a" * 3 "b" * 0',
    'send ("a" "b" * 2) * 2',
    'send ((("a")))',
    'send upper("aé") lower("B") reverse("abc") len("abc" * 4) crlf("a\\nb\\r\\n") base64("\\xff")',
    "send len(random(100)) len(words(2K)) len(lines(1M))",
    'send upper(lower("a") "b")',
    'send "#" # a comment',
    'send "a"# a comment',
    '  \t send\t"a"\t \n\n   # only a comment\n',
    'let key = "k" * 2\nsend $key "x"\nlet key-2 = $key\nsend $key-2',
    'let n = "3"\nsend "a" * $n\nrepeat $n\nsend $i\ndone',
    'expect "hello\\n"',
    'expect "a" 3s',
    'expect "a" 500ms # soon',
    'expect "a" 1.5m',
    'expect "a" as "the answer" 3s',
    "expect /a.c/",
    "expect /a\\/b/",
    "expect /[0-9]{1,3}\\n/ 2s",
    'expect "x." /\\d+/ "\\r\\n"',
    "expect /(?i)abc/",
    'expect "a#b" /a#b/ # not this',
    'expect /(?P<n>\\d)/ "."\nsend $n * $n\nexpect $n /x/ $n',
    'expect any of "a" | /b/ "c" | "d" * 2 as "one of them"',
    'expect unordered "a\\n", /b\\n/ 1s',
    'skip-to "a"',
    'skip-to /a/ as "it" 2s',
    'segments "a", "b" "c", hex(00)',
    'segments each 2 "abcde"',
    "eof\nend",
    "end 3s",
    "expect-eof",
    "expect-end",
    "expect-reset 2s",
    "reset",
    "close",
    "nothing-yet",
    'nothing-yet "an answer"',
    'timeout 2s\nexpect "a"\nend',
    'repeat 2\nsend $i\nrepeat 3\nexpect $i\ndone\ndone\nsend "x"',
]

#: Scripts that both refuse.
NEITHER = [
    'snd "a"',
    'Send "a"',
    "send",
    "send hello",
    'send "a',
    'send "\\q"',
    'send "\\xg0"',
    'send "\\ud800"',
    'send "a" b',
    "send /a/",
    "send hex(0)",
    "send hex(00",
    "send nothing(3)",
    "send words()",
    "send words(3X)",
    "send random(1000G)",
    'send upper("a"',
    "send upper(/a/)",
    'send ("a"',
    'send "a" *',
    'send "a" * -1',
    "send $",
    "expect",
    "expect /a(/",
    "expect /a",
    'expect "a" as b',
    'expect "a" soon',
    'expect any "a"',
    'expect any of "a" |',
    'expect unordered "a",',
    "eof now",
    "reset 3s",
    "timeout",
    "timeout soon",
    "let",
    'let 1 = "a"',
    "let a = /a/",
    'segments each 0 "a"',
    'segments "a",',
    "nothing-yet why",
    "repeat",
    "repeat 0\ndone",
    "repeat 2",
    "done",
]

#: Steps that exist only in profiles, and steps that exist only in --expect.
PROFILES_ONLY = {
    'B: send "a"',
    'flood "a"',
    'exchange "a" expect "a"',
    "connect",
    "join",
    "stop-reading",
    "next-client",
    "accepted",
    "restart",
    "terminate",
    "kill",
    'type "a"',
    'see "a"',
    "terminal",
    "do it",
}
PROFILES_ONLY |= {word for word in ("pause", "resume") if word in KINDS}
EXPECT_ONLY = {"interact", "timeout 5", 'expect "a" 1h', "end 1.5"}


def by_the_suite(text: str) -> list[Any]:
    """Return how the suite reads a script, in the common form."""
    lines = [Line(number, line) for number, line in enumerate(text.split("\n"), 1)]
    names = Names({}, {}, random.Random(0))
    return list(_of_the_suite(read_by_the_suite(lines, Reading({})), names, 10.0))


def _of_the_suite(
    steps: Iterable[SuiteStep], names: Names, patience: float
) -> Iterable[tuple[Any, ...]]:
    for step in steps:
        seconds = step.seconds or patience
        if step.verb == "timeout":
            patience = seconds
        elif step.verb == "let":
            names.known[step.name] = value(step.terms[0], names)
            yield ("let", step.name, names.known[step.name])
        elif step.verb == "repeat":
            names.known["i"] = b"7"
            times = str(step.number)
            inner = list(_of_the_suite(step.steps, names, patience))
            yield ("repeat", times.removeprefix("$"), inner)
        elif step.verb == "send":
            yield ("send", value(step.terms[0], names))
        elif step.verb == "segments":
            yield ("segments", [value(one, names) for one in step.terms], step.number)
        elif step.verb in ("expect", "skip-to"):
            sources = [pattern(one, names) or re.escape(value(one, names)) for one in step.terms]
            names.known |= {group: b"2" for one in sources for group in re.compile(one).groupindex}
            yield (step.verb, sources, step.name == "unordered", step.what, seconds)
        elif step.verb in ("end", "expect-end", "expect-reset"):
            yield (step.verb, seconds)
        else:
            yield (step.verb, *([step.what] if step.verb == "nothing-yet" else []))


def by_pync(text: str) -> list[Any]:
    """Return how pync reads a script, in the common form."""
    return list(_of_pync(read_by_pync(f"exact\n{text}", "x").steps, {}))


def _of_pync(steps: Iterable[ours.Step], names: dict[str, bytes]) -> Iterable[tuple[Any, ...]]:
    for step in steps:
        if isinstance(step, ours.Let):
            names[step.name] = step.data.value(names)
            yield ("let", step.name, names[step.name])
        elif isinstance(step, ours.Repeat):
            names["i"] = b"7"
            yield ("repeat", step.times.removeprefix("$"), list(_of_pync(step.steps, names)))
        elif isinstance(step, ours.Send):
            yield ("send", step.data.value(names))
        elif isinstance(step, ours.Segments):
            yield ("segments", [one.value(names) for one in step.parts], step.size)
        elif isinstance(step, ours.Expect):
            sources = [one.pattern(names) for one in step.texts]
            names |= {group: b"2" for one in step.texts for group in one.groups}
            what = step.shown.partition(" (")[0] if step.shown.endswith(")") else ""
            verb = {"next": "expect", "search": "skip-to"}[step.how]
            yield (verb, sources, step.all_of, what, step.seconds)
        elif isinstance(step, ours.End):
            verb = {"next": "end", "either": "expect-end", "reset": "expect-reset"}[step.how]
            yield (verb, step.seconds)
        elif isinstance(step, ours.NothingYet):
            yield ("nothing-yet", step.why)
        elif isinstance(step, ours.Leave):
            yield ("reset" if step.abort else "close",)
        else:
            yield (type(step).__name__.lower(),)


@pytest.mark.parametrize("script", BOTH)
def test_both_parse_the_script_equally(script: str) -> None:
    assert by_pync(script) == by_the_suite(script)


@pytest.mark.parametrize("script", NEITHER)
def test_both_reject_the_script(script: str) -> None:
    with pytest.raises(Misread):
        by_the_suite(script)
    with pytest.raises(UsageError):
        by_pync(script)


@pytest.mark.parametrize("script", sorted(PROFILES_ONLY))
def test_only_profiles_have_it(script: str) -> None:
    assert by_the_suite_reads(script)
    with pytest.raises(UsageError, match="pync-conformance"):
        by_pync(script)


@pytest.mark.parametrize("script", sorted(EXPECT_ONLY))
def test_only_expect_has_it(script: str) -> None:
    assert read_by_pync(f'exact\nsend "a"\n{script}', "x").steps
    with pytest.raises(Misread):
        by_the_suite_reads(script)


def by_the_suite_reads(script: str) -> bool:
    blocks = {"it": read_by_the_suite([Line(1, "eof")], Reading({}))}
    return bool(read_by_the_suite([Line(1, script)], Reading({}, blocks=["it"]), blocks))


def test_every_step_is_in_the_tables() -> None:
    scripts = "\n".join([*BOTH, *PROFILES_ONLY, *EXPECT_ONLY])
    words = set(re.findall(r"^[ \t]*(?:\w+: )?([a-z-]+)", scripts, re.MULTILINE))
    assert set(KINDS) - words == set()
    assert set(_VERBS) - words == set()
    assert set(KINDS) <= set(_VERBS) | set(_OF_PROFILES) | {"timeout", "done"}
