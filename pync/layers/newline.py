"""LF to CR LF (``-C``), with state: a CR at the end of one read belongs to the next.

ncat doubles the CR when CR and LF arrive in two reads; this does not.
"""

from __future__ import annotations


class CrlfEncoder:
    """Turns every LF that has no CR before it into CR LF."""

    def __init__(self) -> None:
        self._ended_in_cr = False

    def encode(self, data: bytes) -> bytes:
        """Return the bytes to send for the bytes read; as many calls as there are reads."""
        if not data:
            return data
        after_cr = self._ended_in_cr
        self._ended_in_cr = data.endswith(b"\r")
        encoded = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if after_cr and data.startswith(b"\n"):
            return encoded[1:]
        return encoded
