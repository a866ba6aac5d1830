"""The recipes of docs/cookbook.md: their titles and command lines."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "cookbook.md").read_text(encoding="utf-8")


def recipes(page: str) -> dict[str, list[str]]:
    """Title -> the lines of its first code block, without comments at the ends of lines."""
    sections = re.findall(r"^### ([^\n]+)\n(.*?)(?=^#|\Z)", page, re.DOTALL | re.MULTILINE)
    found = {}
    for title, text in sections:
        block = re.search(r"^```\w+\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        assert block is not None, f"{title}: no code block"
        found[title] = [re.sub(r"\s{2,}# .*", "", line) for line in block[1].splitlines()]
    return found


RECIPES = recipes(PAGE)


def with_words(command: str, words: dict[str, object]) -> str:
    """Return the command with some words replaced; each replaced word must occur in it."""
    for old, new in words.items():
        assert old in command, f"{old!r} is not in {command!r}"
        command = command.replace(old, str(new))
    return command
