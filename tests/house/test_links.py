"""Every link in the documents has a target: a file of the repository, and a heading in it."""

from __future__ import annotations

import re
from pathlib import Path

from .test_text import files

ROOT = Path(__file__).parents[2]

#: Links to the web: they are not checked.
ELSEWHERE = ("https://", "http://", "mailto:")


def links(text: str) -> list[str]:
    """The targets of the links and images of a page, without code."""
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"\]\(([^)\s]+)\)", prose)


def anchors(text: str) -> set[str]:
    """The names of headings as link targets: lower case, hyphens for spaces."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def dead(page: Path, text: str) -> list[str]:
    """The links of this page without an existing target."""
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


def test_dead_link_is_detected() -> None:
    page = ROOT / "docs" / "endings.md"
    text = "[a](endings.md) [b](nonesuch.md) [c](#how-connections-end) [d](endings.md#nowhere)"
    assert dead(page, page.read_text(encoding="utf-8")) == []
    assert dead(page, f"# How connections end\n{text}") == ["nonesuch.md", "endings.md#nowhere"]


def test_links_in_code_are_not_links() -> None:
    assert links("`[a](b)` and\n```\n[c](d)\n```\n![e](f.png)") == ["f.png"]
