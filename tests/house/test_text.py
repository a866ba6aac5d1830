"""Forbidden text: sleeps, fixed ports, paths of one machine, words that confuse readers."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from ..tree import ROOT, tracked


def is_text(path: Path) -> bool:
    """Whether a file is text, by git's rule: no NUL in its first 8000 bytes."""
    with path.open("rb") as file:
        return b"\0" not in file.read(8000)


@cache
def files() -> list[Path]:
    """The text files. (Not read at import: every worker imports this module, few run its tests.)"""
    paths = (ROOT / name for name in tracked())
    return [one for one in paths if one.is_file() and one != Path(__file__) and is_text(one)]


def python_tests() -> list[Path]:
    return [one for one in files() if ROOT / "tests" in one.parents and one.suffix == ".py"]


def texts() -> list[Path]:
    """Texts for people: code, documents, messages; not the expected texts of other programs."""
    kinds = (".py", ".md", ".js")
    return [one for one in files() if one.suffix in kinds and "interop" not in one.parts]


#: Description -> the pattern that finds it.
NOWHERE = {
    "a path of one machine": r"/(?:work|root|farm)/",
    "unfinished business": r"\b(?:TODO|FIXME|XXX)\b",
}
#: Words that texts for people no longer use -> the pattern that finds them. The replacement is
#: in parentheses.
WORDS = {
    "is no X (is not an X)": r"\b(?:is|are) no (?!longer\b|more\b)",
    "whoever (the client that, all who)": r"\bwhoever\b",
    "thermometer (self-check)": r"\b[Tt]hermometer\b",
    "Door, Doorstep (Acceptor)": r"\bDoor(?:step)?\b",
    "Desk (BrokerStdio)": r"\bDesk\b",
    "Visitor (ClientUnderTest)": r"\bVisitor\b",
    "Negotiation (HandshakeRun)": r"\bNegotiation\b",
}
NOT_IN_TESTS = {
    "a sleep": r"\b(?:time|asyncio)\.sleep\(|\bfrom time import [^\n]*\bsleep\b",
    # Two readings of a clock are rounded: tests/clock.py allows for that.
    "an exact lower bound of time (Stopwatch.reached)": (
        r"(?:monotonic|perf_counter|time\.time)\(\) - \w+ >=?|<=? time\.monotonic\(\) - "
    ),
    "a fixed port": r"(?:bind|create_server|listen)\(\(?\(?[\"'][^\"']*[\"'], [1-9]\d{3,}\)",
}


def found(pattern: str, text: str) -> list[str]:
    return [match.group(0) for match in re.finditer(pattern, text)]


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize("what", NOWHERE)
def test_is_in_no_file(what: str) -> None:
    wrong = {str(path.relative_to(ROOT)): found(NOWHERE[what], read(path)) for path in files()}
    assert {name: hits for name, hits in wrong.items() if hits} == {}


def in_prose(pattern: str, text: str) -> list[str]:
    """Where a word is in a file, test names excepted, which may be short."""
    if not found(pattern, text):
        return []  # the usual case, and the next search is slow
    return found(pattern, re.sub(r"(?i)\bthere (?:is|are|was) no\b|\bdef test_\w+", "", text))


@pytest.mark.parametrize("what", WORDS)
def test_word_is_not_used(what: str) -> None:
    wrong = {str(path.relative_to(ROOT)): in_prose(WORDS[what], read(path)) for path in texts()}
    assert {name: hits for name, hits in wrong.items() if hits} == {}


@pytest.mark.parametrize("what", NOT_IN_TESTS)
def test_is_in_no_test(what: str) -> None:
    wrong = {
        str(path.relative_to(ROOT)): found(NOT_IN_TESTS[what], read(path))
        for path in python_tests()
    }
    assert {name: hits for name, hits in wrong.items() if hits} == {}


def test_forbidden_text_is_found() -> None:
    assert found(NOWHERE["a path of one machine"], "cd /" + "work/x")
    assert found(NOWHERE["unfinished business"], "# TO" + "DO later")
    assert in_prose(WORDS["is no X (is not an X)"], "'70000' is" + " no port")
    assert not in_prose(WORDS["is no X (is not an X)"], "There is" + " no port; it is no" + " more")
    assert found(NOT_IN_TESTS["a sleep"], "time." + "sleep(1)")
    assert found(NOT_IN_TESTS["a sleep"], "from time " + "import monotonic, sleep")
    assert found(NOT_IN_TESTS["a fixed port"], 'sock.bind(("127.0.0.1", 90' + "00))")
    bound = NOT_IN_TESTS["an exact lower bound of time (Stopwatch.reached)"]
    assert found(bound, "assert time.monotonic() - began >" + "= 0.1")
    assert found(bound, "assert 0.2 <= time.mono" + "tonic() - began < 2")
    assert not found(bound, "assert time.monotonic() - began < 2")
