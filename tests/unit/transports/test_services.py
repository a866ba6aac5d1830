"""Ports by the names of their services."""

from __future__ import annotations

import pytest

from pync.transports.services import number_of, port_of


def test_known_service() -> None:
    assert port_of("http", "tcp") == number_of("http", "tcp") == number_of("0080", "tcp") == 80


@pytest.mark.parametrize("name", ["", "no-such-service", "\udcff", "\u00e9", "80"])
def test_unknown_service(name: str) -> None:
    assert port_of(name, "tcp") is None


@pytest.mark.parametrize("port", ["65536", "9" * 5000, "\u00b2"])
def test_invalid_port(port: str) -> None:
    assert number_of(port, "tcp") is None
