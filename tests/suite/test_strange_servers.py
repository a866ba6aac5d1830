"""Servers written by other people: the report names the broken clause of each and no other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .strange_servers import LANGUAGES, SERVERS, Strange, build, complaints, judged, why_not


def chosen(name: str) -> list[Strange]:
    """The servers of a language that these tests judge."""
    return [one for one in SERVERS if one.language == name and one.always]


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in LANGUAGES if chosen(name)])
def test_report_names_only_the_broken_clause(name: str, tmp_path: Path) -> None:
    language = LANGUAGES[name]
    if reason := why_not(language):
        pytest.skip(reason)
    build(language, tmp_path)

    def said(server: Strange) -> list[str]:
        return complaints(server, judged(server, tmp_path, tmp_path / f"{server.kind}.report"))

    # In parallel: judging is mostly waiting.
    with ThreadPoolExecutor(4) as pool:
        found = dict(
            zip((one.name for one in chosen(name)), pool.map(said, chosen(name)), strict=True)
        )
    assert found == {one.name: [] for one in chosen(name)}
