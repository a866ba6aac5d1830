"""What the tests of the example profiles share: a real server, judged as its README says."""

from __future__ import annotations

import re
from pathlib import Path

from conformance.language.document import read_profile

from ..suite.judging import ROOT, Judged, judge

EXAMPLES = ROOT / "examples" / "profiles"


def own_requirements(profile: str) -> list[str]:
    """The words of a profile's own requirements, as its files declare them."""
    text = "".join(path.read_text() for path in sorted((EXAMPLES / profile).glob("*.py")))
    return re.findall(r'\.(?:must|should)\(\s*"([\w-]+)"', text)


def listed(file: str) -> list[str]:
    """The words of the requirements that a profile's TOML file declares."""
    text = (EXAMPLES / file).read_text()
    own = re.findall(r'^id = "([\w-]+)"$', text, re.MULTILINE)
    known = [one.word for one in read_profile(EXAMPLES / file).requirements]
    assert known[: len(own)] == own
    return own


def judged(
    folder: str, server: str, report: Path, *words: str, jobs: int = 1, profile: str = ""
) -> Judged:
    """Judge a server of the example's ``servers.toml`` by these requirements.

    Arguments:
        profile: its name, where it is not the folder's; over TCP otherwise.
    """
    cases = [f"--case={profile or folder}/{word}" for word in words]
    target = f"@{EXAMPLES / folder / 'servers.toml'}#{server}"
    transport = () if profile else ("--transport=tcp",)
    return judge(report, target, *transport, f"--jobs={jobs}", *cases)
