"""The names in the hosts file of the machine."""

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


def test_names_in_a_hosts_file() -> None:
    assert names_in(TEXT) == {"localhost", "here.example", "here", "ip6-localhost", "other"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hosts"
    path.write_text(TEXT)
    return path


def test_names_are_compared_like_dns_names(file: Path) -> None:
    hosts = Hosts(str(file))
    for name in ("other", "OTHER", "other.", "localhost", "here.example"):
        assert name in hosts
    for name in ("othe", "10.0.0.2", "and", "example.org", ""):
        assert name not in hosts


def test_changed_file_is_read_again(file: Path) -> None:
    hosts = Hosts(str(file))
    file.write_text("10.0.0.3 new\n")
    assert "new" in hosts
    assert "other" not in hosts


def test_old_names_are_kept_if_the_file_becomes_unreadable(file: Path) -> None:
    hosts = Hosts(str(file))
    file.unlink()
    os.mkdir(file)
    assert "other" in hosts


def test_localhost_is_known_without_a_file(tmp_path: Path) -> None:
    hosts = Hosts(str(tmp_path / "none"))
    assert "localhost" in hosts
    assert "other" not in hosts
