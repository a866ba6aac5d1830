"""Requirements of all interop tests: Linux, and ports that no other test uses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.targets.ports import reserved_port
from pync.transports.tls.certificate import self_made

from ..forking import forked
from ..programs import unused_udp_port

#: /proc shows when a peer listens; a test connection could be the only one that it accepts.
collect_ignore_glob = [] if sys.platform.startswith("linux") else ["test_*.py"]


@pytest.fixture(scope="session", autouse=True)
def forked_pync() -> Iterator[None]:
    """Start pync by a fork, which is faster; tests of the start itself use ``plain_starts``."""
    with forked("pync"):
        yield


@pytest.fixture
def port() -> Iterator[int]:
    """A TCP port, free on 127.0.0.1 and ::1."""
    with reserved_port() as number:
        yield number


@pytest.fixture
def udp_port() -> Iterator[int]:
    """A UDP port of 127.0.0.1."""
    with unused_udp_port() as number:
        yield number


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, with its key."""
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(self_made())
    return path
