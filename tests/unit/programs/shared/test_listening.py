"""The preparations before clients can connect."""

from __future__ import annotations

import sys

import pytest

from pync.core.address import Address
from pync.core.errors import UsageError
from pync.programs.shared.entry import Entry
from pync.programs.shared.listening import ListenSetup, prepare
from pync.transports.tls.handshake import Security

HERE = Address("tcp", "127.0.0.1", "0")


def test_modules_are_imported_in_advance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    prepare(ListenSetup(HERE, modules=("encodings.punycode",)))
    assert "encodings.punycode" in sys.modules


def test_unreadable_certificate_is_an_error_at_once() -> None:
    assert ListenSetup(HERE).tls is None
    setup = ListenSetup(HERE, entry=Entry(Security(certificate="/no/such")))
    with pytest.raises(UsageError, match="--ssl-cert /no/such: no such file"):
        prepare(setup)
