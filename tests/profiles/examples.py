"""What the tests of the example profiles share: a real server, judged as its README says."""

from __future__ import annotations

import re
from pathlib import Path

from ..suite.judging import ROOT, Judged, judge

EXAMPLES = ROOT / "examples" / "profiles"


def own_requirements(profile: str) -> list[str]:
    """The words of a profile's own requirements, as its files declare them."""
    text = "".join(path.read_text() for path in sorted((EXAMPLES / profile).glob("*.py")))
    return re.findall(r'\.(?:must|should)\(\s*"([\w-]+)"', text)


def judged(profile: str, server: str, report: Path, *words: str, jobs: int = 1) -> Judged:
    """Judge a server of the example's ``servers.toml`` over TCP by these requirements."""
    cases = [f"--case={profile}/{word}" for word in words]
    target = f"@{EXAMPLES / profile / 'servers.toml'}#{server}"
    return judge(report, target, "--transport=tcp", f"--jobs={jobs}", *cases)
