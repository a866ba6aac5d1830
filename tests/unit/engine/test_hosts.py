"""Which names the machine knows by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pync.engine.hosts import Hosts, names_in

TEXT = """\
# The machine itself.
127.0.0.1\tlocalhost here.example Here   # and more
::1 localhost ip6-localhost

10.0.0.1
10.0.0.2  other
"""


def test_the_names_in_a_file() -> None:
    assert names_in(TEXT) == {"localhost", "here.example", "here", "ip6-localhost", "other"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hosts"
    path.write_text(TEXT)
    return path


def test_names_are_compared_as_dns_does(file: Path) -> None:
    hosts = Hosts(str(file))
    for name in ("other", "OTHER", "other.", "localhost", "here.example"):
        assert name in hosts
    for name in ("othe", "10.0.0.2", "and", "example.org", ""):
        assert name not in hosts


def test_the_file_is_read_again_when_it_has_changed(file: Path) -> None:
    hosts = Hosts(str(file))
    file.write_text("10.0.0.3 new\n")
    assert "new" in hosts
    assert "other" not in hosts


def test_what_was_read_holds_when_the_file_cannot_be_read(file: Path) -> None:
    hosts = Hosts(str(file))
    file.unlink()
    os.mkdir(file)
    assert "other" in hosts


def test_localhost_needs_no_file(tmp_path: Path) -> None:
    hosts = Hosts(str(tmp_path / "none"))
    assert "localhost" in hosts
    assert "other" not in hosts
