"""Correct servers written by other people, in five languages: each one must pass."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from .judging import IMPLEMENTATIONS, ROOT, judge, kept, works

#: A SHOULD that these servers violate: if the segments of a character arrive one by one, the
#: token is between its bytes.
ALLOWED = {"quit/utf8-split"}


class Language(NamedTuple):
    """How to build a server, how to start it, and which profiles it serves."""

    name: str
    needs: str
    package: str
    build: str
    start: str
    profiles: str
    is_slow_to_start: bool = False


LANGUAGES = [
    Language(
        "C, poll",
        "gcc",
        "gcc libc6-dev",
        "gcc -O2 -Wall -Wextra -Werror -o {out}/services {sources}/services.c",
        "{out}/services",
        "echo,half-open,reset,quit,hello,discard",
    ),
    Language(
        "Perl, a process for each client",
        "perl",
        "perl",
        "perl -c {sources}/services.pl",
        "perl {sources}/services.pl",
        "echo,greet,half-open,reset,quit,hello,discard",
        is_slow_to_start=True,
    ),
    Language(
        "Tcl, fileevent",
        "tclsh",
        "tcl",
        "",
        "tclsh {sources}/services.tcl",
        "echo,half-open,quit,hello,discard",
    ),
    Language(
        "Rust, threads",
        "rustc",
        "rustc",
        "rustc -O -D warnings -o {out}/services {sources}/services.rs",
        "{out}/services",
        "echo,half-open,quit,hello,discard",
    ),
    Language(
        "Java, threads",
        "javac",
        "default-jdk-headless",
        "javac -d {out} {sources}/Services.java",
        "java -XX:TieredStopAtLevel=1 -cp {out} Services",
        "echo,reset",
        is_slow_to_start=True,
    ),
]

Build = Callable[[Language], str]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Build a server; returns the command that starts it."""

    def command(language: Language) -> str:
        if not works(language.needs):
            pytest.skip(f"{language.needs} is missing (Debian: {language.package})")
        places = {"out": tmp_path, "sources": IMPLEMENTATIONS}
        if language.build:
            words = language.build.format(**places).split()
            done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr
        return language.start.format(**places)

    return command


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES, ids=[one.name for one in LANGUAGES])
def test_correct_server_passes_every_requirement(
    language: Language, build: Build, tmp_path: Path
) -> None:
    command = f"{build(language)} {{profile}} {{port}}"
    if language.is_slow_to_start:
        command = kept(tmp_path, command)
    judged = judge(tmp_path / "report", command, f"--profile={language.profiles}")
    assert judged.status == 0, judged.stdout
    assert judged.ids("FAIL") | judged.ids("ERROR") == set()
    assert judged.ids("WARN") <= ALLOWED
    assert {one["profile"] for one in judged.results} == set(language.profiles.split(","))
