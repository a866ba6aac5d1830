"""Documents and manual pages about the commands agree with their USAGE."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import docopt
import pytest

import conformance.usage
import pync.dialects
from conformance.profiles import REQUIREMENTS
from pync.core.errors import UsageError
from pync.dialects.argv import options_in

from ..programs import needs

ROOT = Path(__file__).parents[2]
#: The documents for users: their examples must be correct.
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
USAGE = pync.dialects.load("pync").usage

spec = spec_from_file_location("pages", ROOT / ".ci" / "pages.py")
assert spec is not None
assert spec.loader is not None
pages = sys.modules.setdefault("pages", module_from_spec(spec))
spec.loader.exec_module(pages)


def test_synopsis_is_the_usage() -> None:
    page = pages.SYNOPSIS.read_text(encoding="utf-8")
    assert pages.with_synopsis(page, USAGE) == page, "say make docs"


def test_catalogue_page_is_up_to_date() -> None:
    assert pages.CATALOGUE.read_text(encoding="utf-8") == pages.catalogue_page(), "say make docs"


def test_schema_has_the_keys_of_a_profile_file() -> None:
    assert pages.SCHEMA.read_text(encoding="utf-8") == pages.schema.page(), "say make docs"


def test_catalogue_lists_every_requirement_once() -> None:
    page = pages.catalogue_page()
    for requirement in REQUIREMENTS.values():
        name = requirement.id.partition("/")[2]
        row = f"| {name} | {requirement.level.value} | {requirement.clause} | "
        section = page.partition(f"\n## {requirement.profile}\n")[2].partition("\n## ")[0]
        assert section.count(row) == 1, requirement.id


def test_outdated_synopsis_is_replaced() -> None:
    assert (
        pages.with_synopsis("# x\n```text\nold\\1\n```\ny", "new\n") == "# x\n```text\nnew\n```\ny"
    )
    with pytest.raises(ValueError, match="0 blocks"):
        pages.with_synopsis("# x", "new\n")


@pytest.mark.parametrize("command", pages.COMMANDS, ids=lambda command: command.name)
def test_manual_page_lists_every_option_once(command: Any) -> None:
    manual = pages.manual(command).replace("\\-", "-")
    told = re.findall(r"^\.B (?:-\w )?--([a-z0-9-]+)", manual, re.MULTILINE)
    assert told == [option.long for option in options_in(command.usage)]
    assert told
    for heading in ("NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS"):
        assert manual.count(f".SH {heading}\n") == 1


def test_manual_page_contains_all_words_of_the_usage() -> None:
    manual = pages.manual(pages.COMMANDS[0]).replace("\\-", "-").lower()
    words = re.sub(r"usage:|options:|exit status:|:$", " ", USAGE.lower()).split()
    assert [word for word in words if word.rstrip(".") not in manual] == []


@pytest.mark.parametrize("name", pages.shipped())
def test_shipped_pages_are_up_to_date(name: str) -> None:
    path = ROOT / "docs" / name
    assert path.read_text(encoding="utf-8") == pages.shipped()[name], "say make docs"


PAGES = sorted(name for name in pages.shipped() if name.endswith(".1"))


@pytest.mark.parametrize("page", PAGES)
def test_groff_finds_no_fault_in_a_manual_page(page: str) -> None:
    command = [needs("groff"), "-man", "-Tutf8", "-ww", "-z", str(ROOT / "docs" / page)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("page", PAGES)
def test_mandoc_finds_no_fault_in_a_manual_page(page: str) -> None:
    command = [needs("mandoc"), "-Tlint", "-Wwarning", str(ROOT / "docs" / page)]
    done = subprocess.run(command, capture_output=True, text=True)
    # A date would change with every release, and has no use.
    assert [line for line in done.stdout.splitlines() if "missing date" not in line] == []


def test_nc_page_has_no_long_options() -> None:
    page = pages.shipped()["man/pync-nc.1"]
    assert "\n.B \\-p PORT\n" in page
    assert not re.search(r"^\.B .*\\-\\-", page, re.MULTILINE)


def test_troff_shows_text_unchanged() -> None:
    assert pages.escaped(r"a-b \n") == r"a\-b \en"
    assert pages.escaped(".so x") == r"\&.so x"
    assert pages.escaped("'x'") == r"\&'x'"


# Examples in documents.


def examples(text: str) -> list[str]:
    """The command lines of shell blocks and of indented blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    indented = re.findall(r"^    (?=make|pip)(.*\n)", text, re.MULTILINE)
    return [line for block in [*blocks, *indented] for line in block.splitlines() if line]


def calls(line: str) -> list[list[str]]:
    """The simple commands of a line: pipes and lists are split, redirections removed."""
    # (2>&1 joins two streams: it contains no argument of the command.)
    line = re.sub(r"\s\d>&\d", "", line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    found: list[list[str]] = [[]]
    redirected = False
    for word in lexer:
        if set(word) <= set("|&;"):
            found.append([])
        elif set(word) <= set("<>"):
            redirected = True
        elif redirected:
            redirected = False
        else:
            found[-1].append(word)
    return [call for call in found if call]


def complaint(call: list[str]) -> str | None:
    """The error in a call of one of the project's commands; None if there is none."""
    if call[:2] == ["pync", "install-links"]:
        return None
    if call[:2] == ["pync", "conformance"]:
        call = ["pync-conformance", *call[2:]]
    if call[:1] == ["pync"]:
        try:
            name, words = "pync", call[1:]
            if words[:1] and words[0].startswith("--as="):
                name, words = words[0].removeprefix("--as="), words[1:]
            pync.dialects.load(name).parse(words)
        except UsageError as error:
            return str(error)
    if call[:1] == ["pync-conformance"]:
        try:
            docopt.docopt(conformance.usage.USAGE, call[1:], default_help=False)
        except docopt.DocoptExit as error:
            return str(error)
    if call[:1] == ["make"]:
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        known = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
        taken = {*re.findall(r"ASKED_([A-Z]+)", makefile), "RUNS", "PYTHON"}
        asked = {word.partition("=")[0] for word in call[1:]}
        return ", ".join(sorted(asked - known - taken)) or None
    return None


def test_examples_are_accepted() -> None:
    lines = [line for guide in GUIDES for line in examples(guide.read_text(encoding="utf-8"))]
    assert sum(call[0] == "pync" for line in lines for call in calls(line)) >= 30
    assert {
        line: wrong for line in lines for call in calls(line) if (wrong := complaint(call))
    } == {}


@pytest.mark.parametrize(
    "line",
    [
        "pync --nonesuch localhost 9000",
        "printf x | pync -l -z 1",
        "pync-conformance judge",
        "pync conformance judge",
        "make conformances",
        "make conformance TARGETS=x",
    ],
)
def test_wrong_example_is_detected(line: str) -> None:
    assert [complaint(call) for call in calls(line) if complaint(call)]


# Paths in documents for maintainers.

DOCUMENTS = ("docs/architecture.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md")


def paths_named(text: str) -> list[str]:
    """The paths of this repository in backticks, with each {choice} expanded."""
    found = []
    for path in re.findall(r"`((?:pync|conformance|tests|docs|\.ci)/[\w./{},*-]*)`", text):
        before, brace, rest = path.partition("{")
        choices, _, after = rest.partition("}")
        found += [before + choice + after for choice in choices.split(",")] if brace else [path]
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_in_documents_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    missing = [path for path in paths_named(text) if not (ROOT / path).exists()]
    assert missing == []


def test_missing_path_is_detected() -> None:
    assert paths_named("see `pync/dialects/{nc,ncat}/messages.py` and `pync/`") == [
        "pync/dialects/nc/messages.py",
        "pync/dialects/ncat/messages.py",
        "pync/",
    ]
