"""The usual request for a tunnel, recognised without a parser of HTTP. Pure.

A CONNECT whose headers cannot change anything needs no h11, which takes longer than all the rest of
a short connection. Every other request is for http_proxy.py, and so is a malformed one.
"""

from __future__ import annotations

import re

from .http_message import Destination

#: The answer when the target was reached (RFC 9110 9.3.6).
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"

#: Headers that change nothing. The name ends at the colon, and a value is on one line (RFC 9112 5).
_HARMLESS = (
    rb"(?:(?i:User-Agent|Accept|Connection|Proxy-Connection): "
    rb"[!-~]{1,99}(?: [!-~]{1,99}){0,20}\r\n){0,9}"
)

#: A host name or an IPv4 address, one Host (RFC 9112 3.2), and nothing after the head.
_USUAL = re.compile(
    rb"CONNECT ([A-Za-z0-9.-]{1,255}):([0-9]{1,5}) HTTP/1\.1\r\n"
    rb"%b(?i:Host): [!-~]{1,300}\r\n%b\r\n" % (_HARMLESS, _HARMLESS)
)


def destination_of(head: bytes) -> Destination | None:
    """Return where a tunnel is to go; None if the bytes are anything but the usual request."""
    found = _USUAL.fullmatch(head)
    if found is None:
        return None
    port = int(found.group(2))
    return Destination(found.group(1).decode(), port) if port <= 65535 else None
