"""Every link of the documents leads somewhere: to a file of the repository, and to its heading."""

from __future__ import annotations

import re
from pathlib import Path

from .test_text import files

ROOT = Path(__file__).parents[2]

#: What browsers open: it is not looked up.
ELSEWHERE = ("https://", "http://", "mailto:")


def links(text: str) -> list[str]:
    """The targets of the links and images of a page, code left out."""
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"\]\(([^)\s]+)\)", prose)


def anchors(text: str) -> set[str]:
    """The names that headings have as targets: lower case, hyphens for spaces."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def dead(page: Path, text: str) -> list[str]:
    """The links of this page that lead nowhere."""
    found = []
    for link in links(text):
        if link.startswith(ELSEWHERE):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve()
        if name and not target.exists():
            found.append(link)
        elif anchor:
            other = target.read_text(encoding="utf-8") if name else text
            if anchor not in anchors(other):
                found.append(link)
    return found


def test_no_link_is_dead() -> None:
    pages = [path for path in files() if path.suffix == ".md"]
    assert len(pages) > 10
    wrong = {
        str(page.relative_to(ROOT)): dead(page, page.read_text(encoding="utf-8")) for page in pages
    }
    assert {page: found for page, found in wrong.items() if found} == {}


def test_a_dead_link_is_seen() -> None:
    page = ROOT / "docs" / "endings.md"
    text = "[a](endings.md) [b](nonesuch.md) [c](#how-connections-end) [d](endings.md#nowhere)"
    assert dead(page, page.read_text(encoding="utf-8")) == []
    assert dead(page, f"# How connections end\n{text}") == ["nonesuch.md", "endings.md#nowhere"]


def test_links_in_code_are_not_links() -> None:
    assert links("`[a](b)` and\n```\n[c](d)\n```\n![e](f.png)") == ["f.png"]
