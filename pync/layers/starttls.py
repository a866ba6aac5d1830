"""STARTTLS, the client's side: the plain-text dialogue before the TLS handshake. Pure.

There is one generator for each protocol, with the steps of layers/handshake.py. None of them reads
a byte after the server's last plain answer: bytes that an attacker has added to it are parsed as
TLS, and fail (CVE-2011-0411). A server that does not offer TLS is an error; data is never sent
without TLS instead.

The binary protocols are in starttls_binary.py.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.number import is_digits
from .handshake import Handshake, HandshakeError, Line, Send
from .starttls_binary import ldap, mysql, postgres

#: The longest line of an answer (bytes), and the most lines of one answer.
LINE_LIMIT, MOST_LINES = 8192, 512

#: Our name where the protocol requires one; a server knows our address anyway.
OWN_NAME = b"localhost"

_NOT_OFFERED = "the server does not offer STARTTLS"


def begin(protocol: str, name: str) -> Handshake[None]:
    """Return the handshake before TLS.

    Arguments:
        protocol: one of PROTOCOLS.
        name: the server's name, as the user gave it.

    Raises HandshakeError when the server refuses, or speaks another protocol.
    """
    return PROTOCOLS[protocol](name)


def _smtp(_name: str) -> Handshake[None]:
    """Start TLS in SMTP (RFC 3207)."""
    yield from _mail(b"EHLO ")


def _lmtp(_name: str) -> Handshake[None]:
    """Start TLS in LMTP (RFC 2033, with the extension of RFC 3207)."""
    yield from _mail(b"LHLO ")


def _mail(greeting: bytes) -> Handshake[None]:
    yield from _reply("220")
    yield Send(greeting + OWN_NAME + b"\r\n")
    offered = yield from _reply("250")
    if not any(line[4:].strip().upper() == b"STARTTLS" for line in offered):
        raise HandshakeError(_NOT_OFFERED)
    yield Send(b"STARTTLS\r\n")
    yield from _reply("220")


def _ftp(_name: str) -> Handshake[None]:
    """Start TLS in FTP (RFC 4217); 120: the server is ready in some minutes (RFC 959 5.4)."""
    yield from _reply("220", passed="120")
    yield Send(b"AUTH TLS\r\n")
    yield from _reply("234")


def _nntp(_name: str) -> Handshake[None]:
    """Start TLS in NNTP (RFC 4642); 201 only forbids posting."""
    yield from _reply("200", "201")
    yield Send(b"STARTTLS\r\n")
    yield from _reply("382")


def _pop3(_name: str) -> Handshake[None]:
    """Start TLS in POP3 (RFC 2595 4)."""
    yield from _status(b"+OK")
    yield Send(b"STLS\r\n")
    yield from _status(b"+OK")


def _status(wanted: bytes) -> Handshake[None]:
    line = yield Line(LINE_LIMIT)
    if not line.startswith(wanted):
        raise _refused(line)


def _imap(_name: str) -> Handshake[None]:
    """Start TLS in IMAP (RFC 9051 6.2.1); after PREAUTH it is too late (7.1.4)."""
    greeting = yield Line(LINE_LIMIT)
    if not greeting.upper().startswith(b"* OK"):
        raise _refused(greeting)
    yield Send(b"a STARTTLS\r\n")
    answer = yield from _line_that_starts_with(b"a ")
    if not answer.upper().startswith(b"A OK"):
        raise _refused(answer)


def _sieve(_name: str) -> Handshake[None]:
    """Start TLS in ManageSieve (RFC 5804 2.2); the server sends its capabilities first."""
    offered = yield from _sieve_answer()
    if not any(line.strip().upper().startswith(b'"STARTTLS"') for line in offered):
        raise HandshakeError(_NOT_OFFERED)
    yield Send(b"STARTTLS\r\n")
    yield from _sieve_answer()


def _sieve_answer() -> Handshake[list[bytes]]:
    lines: list[bytes] = []
    for _ in range(MOST_LINES):
        line = yield Line(LINE_LIMIT)
        word = line.split(None, 1)[0].upper() if line.strip() else b""
        if word.startswith((b"NO", b"BYE")):
            raise _refused(line)
        if word == b"OK":
            return lines
        lines.append(line)
    raise _too_long()


def _irc(_name: str) -> Handshake[None]:
    """Start TLS in IRC (IRCv3's tls extension); the server may send notices before."""
    yield Send(b"STARTTLS\r\n")
    for _ in range(MOST_LINES):
        line = yield Line(LINE_LIMIT)
        words = line.split()
        if words[:1] and words[0].startswith(b":"):
            del words[0]
        if words[:1] == [b"670"]:  # RPL_STARTTLS
            return
        if words[:1] == [b"421"]:  # ERR_UNKNOWNCOMMAND
            raise HandshakeError(_NOT_OFFERED)
        if words[:1] == [b"PING"]:
            yield Send(b"PONG " + b" ".join(words[1:]) + b"\r\n")
        elif words[:1] in ([b"691"], [b"451"], [b"ERROR"]):  # ERR_STARTTLS, ERR_NOTREGISTERED
            raise _refused(line)
    raise _too_long()


def _xmpp(name: str) -> Handshake[None]:
    """Start TLS in XMPP (RFC 6120 5.4), as a client; every tag is read separately."""
    from html import escape

    yield Send(
        b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0'"
        b" xmlns:stream='http://etherx.jabber.org/streams' to='"
        + escape(name).encode("utf-8", "replace")
        + b"'>"
    )
    offers = False
    for _ in range(MOST_LINES):
        tag = yield from _tag()
        if tag.startswith(b"starttls"):
            offers = True
        elif tag.startswith((b"/stream:features", b"/features")) or (
            tag.startswith((b"stream:features", b"features")) and tag.endswith(b"/>")
        ):
            break
    else:
        raise _too_long()
    if not offers:
        raise HandshakeError(_NOT_OFFERED)
    yield Send(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    tag = yield from _tag()
    if not tag.startswith(b"proceed"):
        raise _refused(b"<" + tag)
    if not tag.endswith(b"/>"):
        yield from _tag()


def _tag() -> Handshake[bytes]:
    """Return a tag, without the ``<``; skip text before it."""
    tag = yield Line(LINE_LIMIT, b">", "tag")
    tag = tag.rpartition(b"<")[2]
    if tag.startswith((b"stream:error", b"/stream:stream")):
        raise _refused(b"<" + tag)
    return tag


def _reply(*wanted: str, passed: str = "") -> Handshake[list[bytes]]:
    """Return the lines of a reply with a number (RFC 5321 4.2.1, RFC 959 4.2).

    Arguments:
        wanted: the numbers that mean success.
        passed: the number of a reply that another one follows.
    """
    lines: list[bytes] = []
    for _ in range(MOST_LINES):
        line = yield Line(LINE_LIMIT)
        lines.append(line)
        code, first = (one[:3].decode("latin-1") for one in (line, lines[0]))
        if not is_digits(first):
            raise _refused(line)
        if code != first or line[3:4] == b"-":
            continue  # not the last line
        if code in wanted:
            return lines
        if code != passed:
            raise _refused(line)
        lines = []
    raise _too_long()


def _line_that_starts_with(start: bytes) -> Handshake[bytes]:
    for _ in range(MOST_LINES):
        line = yield Line(LINE_LIMIT)
        if line.startswith(start):
            return line
    raise _too_long()


def _refused(line: bytes) -> HandshakeError:
    said = line.strip().decode("utf-8", "backslashreplace")
    return HandshakeError(f"the server does not begin TLS: it answered {said[:100]!r}")


def _too_long() -> HandshakeError:
    return HandshakeError("the server's answer before TLS does not end")


#: Protocol -> the function that returns its handshake, from the server's name.
PROTOCOLS: dict[str, Callable[[str], Handshake[None]]] = {
    "ftp": _ftp,
    "imap": _imap,
    "irc": _irc,
    "ldap": ldap,
    "lmtp": _lmtp,
    "mysql": mysql,
    "nntp": _nntp,
    "pop3": _pop3,
    "postgres": postgres,
    "sieve": _sieve,
    "smtp": _smtp,
    "xmpp": _xmpp,
}
