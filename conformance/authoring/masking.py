"""Find passwords and other typed secrets, which must not be in a recorded file. No I/O.

Text typed after a prompt for a secret, the argument of a command that takes a secret, and the texts
of ``--mask`` become parameters: the file contains ``$secret``, and its user gives the value.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

#: The least bytes of a text that is searched everywhere; a shorter one would be found by chance.
SHORTEST = 4


class Secret(NamedTuple):
    """A secret that was sent: its place in the data, and how it was recognised."""

    start: int
    end: int
    why: str


_WORDS = (
    rb"(?:pass(?:word|phrase|code|wd)?|passwort|mot de passe|contrase\xc3\xb1a|secret|pin|token"
    rb"|api.?key)"
)

#: The last line before the input, which asks for a secret.
_PROMPT = re.compile(rb"(?i)\b(?:%s)\b[^\r\n]{0,40}\r?\n?$" % _WORDS)

#: A prompt in base64, as in AUTH LOGIN of SMTP (draft-murchison-sasl-login).
_CHALLENGE = re.compile(rb"(?:^|\n)334 ?([^\r\n]*)\r?\n$")

_MECHANISM = rb"(?:PLAIN|LOGIN|EXTERNAL|XOAUTH2|OAUTHBEARER|CRAM-MD5|DIGEST-MD5|SCRAM-[\w-]+)"

#: Commands whose argument is a secret; the group is the text to hide.
_COMMANDS = (
    # FTP, POP3, IRC; SMTP and POP3 with a mechanism; Redis.
    re.compile(
        rb"(?im)^(?:PASS|AUTH(?:ENTICATE)? %s|AUTH(?! %s[ \r\n]*$)|OPER \S+) ([^\r\n]+)"
        % (_MECHANISM, _MECHANISM)
    ),
    re.compile(rb"(?im)^\S+ LOGIN \S+ ([^\r\n]+)"),  # IMAP
    re.compile(rb"(?i)\$4\r\nAUTH\r\n(?:\$\d+\r\n[^\r\n]*\r\n)?\$\d+\r\n([^\r\n]+)\r\n"),  # RESP
    re.compile(rb"(?im)^(?:(?:Proxy-)?Authorization|Cookie|X-Api-Key|X-Auth-Token): *([^\r\n]+)"),
    re.compile(
        rb"(?i)\b(?:%s)[\"']?[ \t]*[=:][ \t]*[\"']?([^\s\"'&;,]+)" % _WORDS,
    ),
)


def secrets_in(sent: bytes, before: bytes) -> list[Secret]:
    """Return the secrets in data that was sent, from left to right.

    Arguments:
        before: the data that was received just before.
    """
    found = []
    prompt = _asks(before)
    if prompt:
        line = sent.partition(b"\n")[0].rstrip(b"\r")
        if line:
            found.append(Secret(0, len(line), f"it was typed after {prompt}"))
    for command in _COMMANDS:
        for match in command.finditer(sent):
            start, end = match.span(1)
            if not any(one.start < end and start < one.end for one in found):
                word = match[0][: start - match.start()].decode("ascii", "replace").split()
                found.append(Secret(start, end, f"it was typed as the argument of {word[0]}"))
    return sorted(found)


def _asks(before: bytes) -> str:
    """Return the words that ask for a secret; empty if there are none."""
    last = before.rstrip(b"\r\n").rpartition(b"\n")[2]
    challenge = _CHALLENGE.search(before)
    if challenge:
        try:
            asked = base64.b64decode(challenge[1], validate=True)
        except binascii.Error:
            asked = b""
        return "" if b"user" in asked.lower() else "a challenge (334)"
    if _PROMPT.search(before):
        shown = last.decode("utf-8", "replace").strip()
        return "'" + "".join(letter for letter in shown[-40:] if letter.isprintable()) + "'"
    return ""
