"""The error of a broken connection."""

from __future__ import annotations

import errno
import pickle

from pync.core import exits
from pync.core.address import Address
from pync.core.broken import TlsFailure, TlsTruncatedError, TruncatedError, broken, unwritten
from pync.core.errors import (
    OutputError,
    OutputGone,
    RelayError,
    TlsError,
    cause_of,
    detailed_status,
)

PEER = Address("tcp", "localhost", "443")


def test_connection_reset() -> None:
    told = broken(PEER, ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
    assert isinstance(told, RelayError)
    assert str(told) == "relay tcp://localhost:443: connection reset by peer"


def test_tls_failure() -> None:
    told = broken(PEER, TlsFailure("bad record mac"))
    assert type(told) is TlsError
    assert str(told) == "relay tls://localhost:443: bad record mac"
    assert detailed_status(told) == exits.NOT_SECURED


def test_eof_without_close_notify() -> None:
    told = broken(PEER, TruncatedError())
    assert isinstance(told, TlsTruncatedError)
    assert str(told).endswith(": the peer ended without close_notify: data may be missing")
    assert (told.status, detailed_status(told)) == (exits.NETWORK, exits.NOT_SECURED)


def test_truncated_error_can_be_pickled_and_wrapped() -> None:
    error = TruncatedError()
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    told = RelayError("read", PEER, cause_of(error))
    assert isinstance(told, TruncatedError)
    assert str(told) == f"read {PEER}: {error}"


def test_output_on_full_disk() -> None:
    told = unwritten(OSError(errno.ENOSPC, "No space left on device"))
    assert isinstance(told, OutputError)
    assert str(told) == "write standard output: no space left on device"
    assert detailed_status(told) == exits.NOT_WRITTEN


def test_output_without_a_reader() -> None:
    assert isinstance(unwritten(OSError(errno.EPIPE, "Broken pipe")), OutputGone)
