"""STARTTLS dialogues as transcripts: each protocol, its refusals, and its errors."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.handshake import HandshakeError
from pync.layers.starttls import LINE_LIMIT, MOST_LINES

from .dialogue import check_error_at_every_end, check_tls_begins, run_dialogue

XMPP = (
    b"<?xml version='1.0'?><stream:stream id='1'><stream:features>"
    b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
    b"<mechanisms/></stream:features>"
)

#: Protocol -> (the data from the server, the data to the server).
AGREED = {
    "smtp": (
        b"220-here\r\n220 is ESMTP\r\n250-here\r\n250-starttls \r\n250 8BITMIME\r\n220 go\r\n",
        b"EHLO localhost\r\nSTARTTLS\r\n",
    ),
    "lmtp": (
        b"220 LMTP\n250-here\n250 STARTTLS\n220 go\n",
        b"LHLO localhost\r\nSTARTTLS\r\n",
    ),
    "ftp": (
        b"120 soon\r\n220-Hello\r\n 234 as a text\r\n220 ready\r\n234 go\r\n",
        b"AUTH TLS\r\n",
    ),
    "nntp": (b"201 no posting\r\n382 go\r\n", b"STARTTLS\r\n"),
    "pop3": (b"+OK <1@h>\r\n+OK begin\r\n", b"STLS\r\n"),
    "imap": (
        b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n* BAD no matter\r\na OK begin\r\n",
        b"a STARTTLS\r\n",
    ),
    "sieve": (
        b'"IMPLEMENTATION" "x"\r\n"starttls"\r\nOK "ready"\r\nOK "begin"\r\n',
        b"STARTTLS\r\n",
    ),
    "irc": (
        b":h NOTICE * :*** Looking up\r\nPING :123\r\n:h 670 * :go\r\n",
        b"STARTTLS\r\nPONG :123\r\n",
    ),
    "xmpp": (
        XMPP + b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0'"
        b" xmlns:stream='http://etherx.jabber.org/streams' to='h&lt;&amp;&#x27;st'>"
        b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    ),
}


@pytest.mark.parametrize("protocol", AGREED)
def test_server_begins_tls(protocol: str) -> None:
    check_tls_begins(protocol, *AGREED[protocol])


@pytest.mark.parametrize("protocol", AGREED)
def test_connection_ends_at_any_byte(protocol: str) -> None:
    check_error_at_every_end(protocol, AGREED[protocol][0])


@pytest.mark.parametrize(
    ("protocol", "says", "cause"),
    [
        ("smtp", b"554 go away\r\n", "answered '554 go away'"),
        ("smtp", b"220 h\r\n500 what\r\n", "answered '500 what'"),
        ("smtp", b"220 h\r\n250-h\r\n250 SIZE\r\n", "does not offer STARTTLS"),
        ("smtp", b"220 h\r\n250 STARTTLS\r\n454 not now\r\n", "answered '454 not now'"),
        ("smtp", b"+OK\r\n", r"answered '\+OK'"),
        ("lmtp", b"220 h\r\n250 h\r\n", "does not offer STARTTLS"),
        ("ftp", b"220 h\r\n530 no TLS\r\n", "answered '530 no TLS'"),
        ("ftp", b"SSH-2.0-OpenSSH\r\n", "answered 'SSH-2.0-OpenSSH'"),
        ("nntp", b"200 h\r\n580 cannot\r\n", "answered '580 cannot'"),
        ("pop3", b"-ERR busy\r\n", "answered '-ERR busy'"),
        ("pop3", b"+OK\r\n-ERR what\r\n", "answered '-ERR what'"),
        ("imap", b"* PREAUTH hello\r\n", r"answered '\* PREAUTH hello'"),
        ("imap", b"* OK hi\r\na BAD what\r\n", "answered 'a BAD what'"),
        ("sieve", b'"SASL" ""\r\nOK\r\n', "does not offer STARTTLS"),
        ("sieve", b'BYE "busy"\r\n', """answered 'BYE "busy"'"""),
        ("irc", b":h 421 * STARTTLS :Unknown\r\n", "does not offer STARTTLS"),
        ("irc", b":h 691 * :no certificate\r\n", "answered ':h 691"),
        ("irc", b"ERROR :Closing\r\n", "answered 'ERROR :Closing'"),
        ("xmpp", b"<stream:features/>", "does not offer STARTTLS"),
        ("xmpp", b"<stream:features><a/></stream:features>", "does not offer STARTTLS"),
        ("xmpp", b"<stream:error>", "answered '<stream:error>'"),
        ("xmpp", XMPP + b"<failure/>", "answered '<failure/>'"),
    ],
)
def test_refusal_of_the_server(protocol: str, says: bytes, cause: str) -> None:
    with pytest.raises(HandshakeError, match=cause):
        run_dialogue(protocol, says)


@pytest.mark.parametrize(
    ("protocol", "says"),
    [
        ("smtp", b"220-more\r\n"),
        ("imap", b"* OK\r\n"),
        ("sieve", b'"STARTTLS"\r\n'),
        ("irc", b"NOTICE\r\n"),
        ("xmpp", b"<a>"),
    ],
)
def test_endless_answer(protocol: str, says: bytes) -> None:
    server = says * (2 * MOST_LINES)
    with pytest.raises(HandshakeError, match="answer before TLS does not end"):
        run_dialogue(protocol, server)
    with pytest.raises(HandshakeError, match="too long a line"):
        run_dialogue(protocol, b"*" * (2 * LINE_LIMIT))


@given(st.sampled_from(sorted(AGREED)), st.binary(max_size=60), st.integers(0, 200))
def test_any_answer_is_accepted_or_rejected(protocol: str, noise: bytes, at: int) -> None:
    says, _ = AGREED[protocol]
    with suppress(HandshakeError):
        assert run_dialogue(protocol, says[: at % len(says)] + noise).heard
