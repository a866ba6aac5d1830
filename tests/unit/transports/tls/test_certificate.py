"""Generating a self-signed certificate."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import pytest

from pync.core.errors import UsageError
from pync.transports.tls.certificate import self_made, use_self_made


def test_certificates_are_valid_and_unique(tmp_path: Path) -> None:
    assert self_made() != self_made()
    (tmp_path / "own.pem").write_bytes(self_made())
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "own.pem")


def test_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    use_self_made(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    assert list(tmp_path.iterdir()) == []


def test_missing_library_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(UsageError, match=r"pip install cryptography, or give --ssl-cert"):
        self_made()
