"""The TARGET grammar: parse a text into one of four forms. No I/O.

The forms: the address of a running server, an embedded reference server, an embedded server
with one named fault, or a command that the suite starts and stops.
"""

from __future__ import annotations

import re
import shlex
import sys
from typing import NamedTuple, Union

from ..core.conduct import Pattern
from ..core.nearest import nearest
from ..core.verdict import WrongUsage
from .address import PIPE, SCHEMES, Address, is_path, parse

#: The embedded reference servers.
REFERENCES = ("python", "node")

#: Placeholders of a command; their values are also in its environment.
PLACEHOLDERS = {
    "port": "PORT",
    "host": "HOST",
    "path": "SOCKET_PATH",
    "profile": "PROFILE",
    "data": "DATA_DIR",
    "cert": "TLS_CERT",
    "key": "TLS_KEY",
}

#: Texts that other programs accept as an address, but that would be a command here.
_PLACE = re.compile(
    r"(?:(?P<host>\[[0-9a-fA-F:.]+\]|[\w-]+(?:\.[\w-]+)*)?:"
    r"|(?P<machine>localhost|[\d.]+)\s+)(?P<port>\d{1,5})",
    re.ASCII,
)

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://")


class AddressTarget(NamedTuple):
    """The address of a server that already runs."""

    address: Address


class ReferenceTarget(NamedTuple):
    """An embedded reference server: ``ref:python`` or ``ref:node``."""

    language: str


class MutantTarget(NamedTuple):
    """An embedded server with one named fault: ``mutant:PROFILE/NAME``."""

    profile: str
    name: str


#: How a command gets its connections: it listens itself, it inherits the listening socket
#: (``fd:``), or a process is started for each connection (``inetd:``).
LISTENS, INHERITS, INETD = "listens", "inherits", "inetd"

_MANNERS = {"fd:": INHERITS, "inetd:": INETD}


class CommandTarget(NamedTuple):
    """A command that the suite starts and stops, split into words as a shell does."""

    words: tuple[str, ...]
    placeholders: frozenset[str]
    manner: str = LISTENS


Target = Union[AddressTarget, ReferenceTarget, MutantTarget, CommandTarget]


def parse_target(text: str) -> Target:
    """Parse a TARGET.

    Raises WrongUsage with one line that says what is wrong.
    """
    if not text.strip():
        raise WrongUsage("TARGET is empty")
    scheme = _SCHEME.match(text)
    if is_path(text) or (scheme and scheme.group(1) in SCHEMES):
        address = parse(text)
        if address.transport == PIPE and sys.platform != "win32":
            raise WrongUsage(
                f"TARGET {text!r}: named pipes exist on Windows only (here: unix:PATH)"
            )
        return AddressTarget(address)
    if scheme:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise WrongUsage(f"TARGET {text!r}: unknown scheme {scheme.group(1)}:// (known: {known})")
    if text.startswith("ref:"):
        language = text[len("ref:") :]
        if language not in REFERENCES:
            known = ", ".join(f"ref:{name}" for name in REFERENCES)
            raise WrongUsage(f"TARGET {text!r}: no such reference server ({known})")
        return ReferenceTarget(language)
    if text.startswith("mutant:"):
        profile, slash, name = text[len("mutant:") :].partition("/")
        if not (profile and slash and name):
            raise WrongUsage(f"TARGET {text!r}: write mutant:PROFILE/NAME")
        return MutantTarget(profile, name)
    place = _PLACE.fullmatch(text.strip())
    if place:
        host = place["host"] or place["machine"] or "localhost"
        raise WrongUsage(f"TARGET {text!r}: write tcp://{host}:{place['port']}")
    for prefix, manner in _MANNERS.items():
        if text.startswith(prefix):
            return _command(text[len(prefix) :])._replace(manner=manner)
    return _command(text)


def _command(text: str) -> CommandTarget:
    try:
        words = tuple(_split(text))
    except ValueError as error:
        raise WrongUsage(f"TARGET {text!r}: {str(error).lower()}") from None
    if not words or not words[0]:
        raise WrongUsage(f"TARGET {text!r} names no command")
    used = {name for name in PLACEHOLDERS if any("{" + name + "}" in word for word in words)}
    if not used & {"port", "path"}:
        _refuse_misspelt(text, words)
    return CommandTarget(words, frozenset(used))


def _refuse_misspelt(text: str, words: tuple[str, ...]) -> None:
    """Refuse a command with a misspelt placeholder for the port: ``{prot}``. Raises WrongUsage."""
    for name in re.findall(r"\{(\w+)\}", " ".join(words)):
        meant = nearest(name.lower(), ("port", "path"), 0.7)
        if meant:
            known = ", ".join("{" + one + "}" for one in PLACEHOLDERS)
            raise WrongUsage(
                f"TARGET {text!r}: unknown placeholder {{{name}}}: is it {{{meant}}}? "
                f"(known: {known})"
            )


def _split(text: str) -> list[str]:
    """Return the words of a command. On Windows a backslash is a path separator, not an escape."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters = True, ""
    if sys.platform == "win32":
        lexer.escape = ""
    return list(lexer)


def fill(words: tuple[str, ...], values: dict[str, str]) -> list[str]:
    """Return the command's words with every placeholder replaced by its value."""
    return [
        re.sub(r"\{(\w+)\}", lambda found: values.get(found.group(1), found.group(0)), word)
        for word in words
    ]


_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.|$)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f"}
_LETTERS |= {b"v": b"\v", b"\\": b"\\", b'"': b'"', b"'": b"'", b"e": b"\x1b", b";": b";"}


def unescape(text: str) -> bytes:
    """Convert a text with C escapes to bytes; other text is encoded as UTF-8.

    Raises WrongUsage for an escape that C does not know.
    """

    def one(found: re.Match[bytes]) -> bytes:
        code = found.group(1)
        if code[:1] == b"x" and len(code) == 3:
            return bytes([int(code[1:], 16)])
        if code.isdigit() and int(code, 8) < 256:
            return bytes([int(code, 8)])
        if code not in _LETTERS:
            raise WrongUsage(
                f"--set: unknown escape \\{code.decode('utf-8', 'replace')} in {text!r}"
            )
        return _LETTERS[code]

    return _ESCAPE.sub(one, text.encode("utf-8", "surrogateescape"))


def parse_settings(text: str) -> dict[str, bytes]:
    r"""Parse SET: ``key=value`` with C escapes, separated by ``;`` (``\;`` does not separate).

    A value between slashes, ``/Welcome .*\n/``, is a pattern.

    Raises WrongUsage.
    """
    settings: dict[str, bytes] = {}
    for item in split_settings(text):
        key, equals, value = item.partition("=")
        key = key.strip()
        if not equals or not key:
            raise WrongUsage(f"--set {item!r}: write key=value")
        if key in settings:
            raise WrongUsage(f"--set: {key!r} is given twice")
        settings[key] = _value(value)
    return settings


def _value(text: str) -> bytes:
    """Return a value's bytes. Between slashes it is a regular expression, with its own escapes."""
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return Pattern(text[1:-1].encode("utf-8", "surrogateescape"))
    return unescape(text)


def split_settings(text: str) -> list[str]:
    """Return the items of a SET, as they were typed."""
    return [item for item in re.split(r"(?<!\\);", text) if item]
