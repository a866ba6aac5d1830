"""``make docs``: what is written about the commands and the suite from their own tables.

    python .ci/pages.py [FOLDER]

Puts pync's USAGE into docs/usage.md, the manual pages into FOLDER (build/man), and the suite's
requirements into conformance/CATALOGUE.md.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

import conformance.usage
import pync.cli
import pync.dialects
from conformance.plan.listing import catalogue_page

ROOT = Path(__file__).parents[1]
SYNOPSIS = ROOT / "docs" / "usage.md"
CATALOGUE = ROOT / "conformance" / "CATALOGUE.md"


class Command(NamedTuple):
    """A command that has a manual page."""

    name: str
    usage: str
    version: str


COMMANDS = (
    Command("pync", pync.dialects.load("pync").usage, pync.cli.VERSION),
    Command("pync-conformance", conformance.usage.USAGE, conformance.__version__),
)


def main(folder: Path) -> None:
    """Write the synopsis of docs/usage.md, the catalogue and the manual pages."""
    shown = with_synopsis(SYNOPSIS.read_text(encoding="utf-8"), COMMANDS[0].usage)
    SYNOPSIS.write_text(shown, encoding="utf-8")
    CATALOGUE.write_text(catalogue_page(), encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    for command in COMMANDS:
        page = folder / f"{command.name}.1"
        page.write_text(manual(command), encoding="utf-8")
        print(page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page)


def with_synopsis(page: str, usage: str) -> str:
    """The page with this USAGE in its ``text`` block; ValueError when it has none."""
    shown, count = re.subn(
        r"(?<=^```text\n).*?(?=^```$)", lambda _: usage, page, flags=re.DOTALL | re.MULTILINE
    )
    if count != 1:
        raise ValueError(f"the page has {count} blocks of text, not one")
    return shown


def manual(command: Command) -> str:
    """A manual page, in the man(7) macros.

    The first line of a USAGE is the name's, "Usage:" the synopsis, other headings are
    lists of words and what they mean, and what is left at the end is the description.
    """
    summary, _, rest = command.usage.partition("\n")
    rest, _, status = rest.partition("Exit status:")
    headed = re.split(r"^(\w+):\n", rest, flags=re.MULTILINE)
    *lists, (heading, last) = list(zip(headed[1::2], headed[2::2], strict=True))
    # The lines after the last list that are not indented belong to no list.
    last, _, description = last.partition("\n\n")
    name = command.name.upper()
    lines = [f'.TH {name} 1 "" "{command.name} {command.version}" "User Commands"', ".SH NAME"]
    lines.append(
        f"{escaped(command.name)} \\- {escaped(summary[0].lower() + summary[1:].rstrip('.'))}"
    )
    for title, body in [*lists, (heading, last)]:
        if title == "Usage":
            # The module's own name stands in the USAGE; the installed command has another.
            own = re.sub(r"^  \w+", f"  {command.name}", body, flags=re.MULTILINE)
            lines += [".SH SYNOPSIS", ".nf", *map(escaped, own.strip("\n").splitlines()), ".fi"]
        else:
            lines += [f".SH {title.upper()}", *entries(body)]
    for title, text in (("DESCRIPTION", description), ("EXIT STATUS", status)):
        if text.strip():
            lines += [f".SH {title}", *map(escaped, text.strip().splitlines())]
    return "\n".join(lines) + "\n"


def entries(body: str) -> list[str]:
    """``-x --long=WORD   What it means,`` and its further lines, as tagged paragraphs."""
    lines: list[str] = []
    for line in filter(str.strip, body.splitlines()):
        words, _, meaning = line.strip().partition("  ")
        if line.startswith(" " * 10):  # a further line of what it means
            lines.append(escaped(line.strip()))
        else:
            # More than one word stands before the meaning where forms share it.
            parts = [part.strip() for part in re.split(r"  +", f"{words}  {meaning.strip()}")]
            lines += [".TP", f".B {escaped('  '.join(parts[:-1]))}", escaped(parts[-1])]
    return lines


def escaped(text: str) -> str:
    """Text that troff shows as it is."""
    shown = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{shown}" if shown[:1] in (".", "'") else shown


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "man")
