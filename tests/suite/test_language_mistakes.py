"""Mistakes in a profile's file: each gives one line with the file, the line and a suggestion.

The mistakes and their messages are in language/wrong-steps.txt and wrong-files.txt.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from conformance.core.verdict import WrongUsage
from conformance.loading import load
from conformance.plan import Options

from .judging import ROOT, conformance

FOLDER = Path(__file__).parent / "language"

SESSION = "[session]\nserve = 'send \"a\\n\"'\n"
REQUIREMENT = (
    '[[requirement]]\nid = "it"\nmust = "It does."\nclause = "1"\nsteps = \'send "a\\n"\'\n'
)
HEAD = (
    "[parameters]\ngreeting = 'HELLO\\n'\n[deadlines]\nslow = \"30s\"\n"
    + SESSION
    + '[[requirement]]\nid = "it"\nmust = "It does."\nclause = "1"\nsteps = \'\'\'\n'
)
FIRST = HEAD.count("\n")


def pairs(name: str) -> dict[str, str]:
    """Return the mistakes and their messages."""
    text = (FOLDER / name).read_text(encoding="utf-8").partition("\n\n")[2]
    split = re.split(r"\n=> (.*)\n", text)
    return {wrong.strip("\n"): said for wrong, said in zip(split[::2], split[1::2], strict=False)}


STEPS, FILES = pairs("wrong-steps.txt"), pairs("wrong-files.txt")


def refusal(folder: Path, text: str) -> str:
    path = folder / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WrongUsage) as raised:
        load(Options(profile=str(path)))
    return str(raised.value).replace(f"{path}", "x.toml")


def test_at_least_100_mistakes() -> None:
    assert len(STEPS) + len(FILES) >= 100


@pytest.mark.parametrize("steps", STEPS)
def test_wrong_step_is_reported_in_one_line(steps: str, tmp_path: Path) -> None:
    line, _, text = STEPS[steps].partition(": ")
    text = re.sub(r"\bline (\d+)", lambda found: f"line {int(found.group(1)) + FIRST}", text)
    said = refusal(tmp_path, f"{HEAD}{steps}\n'''\n")
    assert said == f"x.toml:{int(line) + FIRST}: {text}"


@pytest.mark.parametrize("wrong", FILES)
def test_wrong_file_is_reported_in_one_line(wrong: str, tmp_path: Path) -> None:
    text = wrong.partition("\n")[2] + "\n"
    text = text.replace("SESSION\n", SESSION).replace("REQUIREMENT\n", REQUIREMENT)
    assert refusal(tmp_path, text).removeprefix("x.toml:") == FILES[wrong]


@pytest.mark.parametrize("command", ["run", "list", "explain", "selftest"])
def test_command_line_reports_the_error_with_status_4(command: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(f"{HEAD}snd \"a\"\n'''\n", encoding="utf-8")
    words = [command, *(["x/it"] if command == "explain" else []), "--load", str(path)]
    done = conformance(*words)
    assert (done.returncode, done.stdout) == (4, "")
    said = f"{path}:{FIRST + 1}: unknown step 'snd' (did you mean send?)"
    assert done.stderr == f"conformance: {said}\n"


def test_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=r"nothing\.toml: no such file or directory"):
        load(Options(profile=str(tmp_path / "nothing.toml")))
    (tmp_path / "x.toml").write_bytes(b"# a\n# \xff\n")
    with pytest.raises(WrongUsage, match=r"x\.toml:2: this is not UTF-8"):
        load(Options(profile=str(tmp_path / "x.toml")))


SOURCES = [
    *sorted(FOLDER.glob("*.toml")),
    *(
        path
        for path in sorted((ROOT / "examples").glob("profiles/*/*.toml"))
        if path.name != "servers.toml"
    ),
]


@pytest.mark.parametrize("seed", range(8))
def test_any_file_is_read_or_refused_in_one_line(seed: int, tmp_path: Path) -> None:
    source = random.Random(seed)
    path = tmp_path / "x.toml"
    for _ in range(40):
        text = mutated(source, source.choice(SOURCES).read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
        said = complaint(path)
        assert said is None or (said.startswith(str(path)) and "\n" not in said), (text, said)


def complaint(path: Path) -> str | None:
    try:
        load(Options(profile=str(path)))
    except WrongUsage as error:
        return str(error)
    return None


def mutated(source: random.Random, text: str) -> str:
    """A file with a few changes: letters, words and lines removed, doubled, swapped or inserted."""
    pieces = [
        "'",
        '"',
        "'''",
        "$",
        "/",
        "\\",
        "(",
        ")",
        "*",
        "#",
        "[",
        "]",
        "=",
        "\n",
        "\0",
        "é",
        "3s",
    ]
    for _ in range(source.randint(1, 4)):
        parts = re.split(source.choice([r"()", r"(\b)", r"(\n)"]), text)
        at, other = source.randrange(len(parts)), source.randrange(len(parts))
        change = source.randrange(4)
        if change == 0:
            del parts[at]
        elif change == 1:
            parts.insert(at, parts[other])
        elif change == 2:
            parts[at], parts[other] = parts[other], parts[at]
        else:
            parts.insert(at, source.choice(pieces))
        text = "".join(part or "" for part in parts)
    return text
