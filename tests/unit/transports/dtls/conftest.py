"""The certificate for the DTLS tests."""

from __future__ import annotations

import pytest

pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

from pync.transports.tls.certificate import self_made


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the path of a file with a certificate for localhost and its key."""
    path = tmp_path_factory.mktemp("dtls") / "own.pem"
    path.write_bytes(self_made())
    return str(path)
