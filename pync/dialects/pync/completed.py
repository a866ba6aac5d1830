"""The data for shell completion of pync's own command line."""

from __future__ import annotations

from ...layers.starttls import PROTOCOLS
from ..completion import SHELLS, Program, offers_in
from ..tos import TOS
from .usage import USAGE

#: Long name of an option -> all its values.
CHOICES = {
    "tos": tuple(TOS),
    "ssl-min-version": ("1.2", "1.3"),
    "ssl-max-version": ("1.2", "1.3"),
    **dict.fromkeys(("starttls", "to-starttls"), tuple(PROTOCOLS)),
    "proxy-type": ("http", "socks4", "socks5"),
    "proxy-dns": ("remote", "local"),
    "if-refused": ("reset", "close"),
    "balance": ("round-robin", "random"),
    "proxy-protocol": ("v1", "v2"),
    "multicast-loop": ("on", "off"),
    "show": ("text", "hex", "escape"),
    "input": ("hex", "escape"),
    "colour": ("auto", "always", "never"),
    "exit-codes": ("plain", "detailed"),
    "pipe-mode": ("byte", "message"),
    "pipe-access": ("user", "users", "everyone"),
    "completion": tuple(SHELLS),
}

FIRST = {
    "--as=nc": "the command line of nc",
    "--as=ncat": "the command line of ncat",
    "--as=telnet": "the command line of telnet",
    "conformance": "the suite that judges servers",
    "install-links": "make links named nc, ncat and telnet",
}


def completed(repeated: frozenset[str]) -> Program:
    """Return pync's data; ``repeated``: the fields whose options may be given more than once."""
    names = {field.replace("_", "-") for field in repeated}
    return Program("pync", offers_in(USAGE, CHOICES), FIRST, names)
