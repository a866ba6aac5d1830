"""Real web servers, judged by the profile http11: what is known of each, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..programs import needs
from .examples import judged, own_requirements

#: Server -> the SHOULD that it is known to break. What MUST it breaks stands in known/.
SHOULD = {
    "nginx": {"method-case", "options-star"},
    "apache": {"unknown-coding"},
    "lighttpd": {"empty-line", "version"},
    "caddy": {"empty-line", "method-case", "unknown-method", "version"},
    "node": {"method-case", "unknown-coding", "unknown-method"},
    "python": {"bad-request-line", "close-said", "empty-line", "not-http", "unknown-coding"},
}

#: Requirements that all services share, and that are judged quickly.
SHARED = ("concurrent", "burst", "reset-at-once", "reset-while-writing", "stall-then-reset")


def test_there_are_enough_requirements() -> None:
    assert len(own_requirements("http11")) >= 40


@pytest.mark.parametrize("server", SHOULD)
def test_web_server(server: str, tmp_path: Path) -> None:
    if server != "python":
        needs(server)
    report = judged("http11", server, tmp_path, *own_requirements("http11"), *SHARED, jobs=2)
    assert report.status == 0, report.stdout
    assert report.ids("WARN") == {f"http11/{word}" for word in SHOULD[server]}, report.stdout
    assert len(report.ids("PASS")) >= 35
