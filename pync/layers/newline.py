"""LF to CR LF (``-C``), with state: a CR at the end of one read belongs to the next.

ncat doubles the CR when CR and LF arrive in two reads; this does not.
"""

from __future__ import annotations


class CrlfEncoder:
    """An encoder of every LF without a CR before it as CR LF."""

    def __init__(self) -> None:
        self._ended_in_cr = False

    def encode(self, data: bytes) -> bytes:
        """Return the bytes to send for the bytes of one read."""
        if not data:
            return data
        after_cr = self._ended_in_cr
        self._ended_in_cr = data.endswith(b"\r")
        encoded = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if after_cr and data.startswith(b"\n"):
            return encoded[1:]
        return encoded
