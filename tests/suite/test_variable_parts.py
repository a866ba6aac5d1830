"""Which parts of a line a recording treats as variable, shown with lines of real servers."""

from __future__ import annotations

import re

import pytest

from conformance.authoring.patterns import variable_parts

#: A line with braces around each variable part, and the kinds of these parts.
LINES = (
    ("220 {mail.example.org} ESMTP Postfix (Debian/GNU)", "host name"),
    ("250-{mail.example.org}", "host name"),
    ("250 2.0.0 Ok: queued as {4F1B22A0C3}", "identifier"),
    ("221 2.0.0 Bye", ""),
    ("250-SIZE 10240000", ""),
    ("+OK POP3 server ready <{1896.697170952}@{dbc.mtview.ca.us}>", "identifier, host name"),
    ("* OK [CAPABILITY IMAP4rev1 LITERAL+ ID] Dovecot ready.", ""),
    ("HTTP/1.1 200 OK", ""),
    ("Date: {Sun, 29 Nov 2026 04:25:55 GMT}", "date and time"),
    ("Last-Modified: {Tue, 04 Mar 2025 08:09:10 GMT}", "date and time"),
    ('ETag: "{5f3a2b1c}-264"', "identifier"),
    ("Content-Length: 612", ""),
    ("Server: nginx/1.22.1", ""),
    ("{Sun Nov 29 04:25:55 2026}", "date and time"),
    ("{Tue, November  9, 1982 17:37:43-PST}", "date and time"),
    (
        "{Nov  9 04:25:55} web1 sshd[{4242}]: key for al from {192.0.2.17} port {51234} ssh2",
        "date and time, number, address, number",
    ),
    (
        '{127.0.0.1} - - [{29/Nov/2026:04:25:55 +0000}] "GET / HTTP/1.1" 200 612',
        "address, date and time",
    ),
    ("{2026-11-29T04:25:55.123456Z} INFO started", "date and time"),
    ("{2026-11-29 04:25:55,123} DEBUG worker-3 ready", "date and time"),
    ("[{10:32:11}] <alice> hello", "time"),
    ("{10:32 AM} up {3} days", "time, number"),
    ("$11", ""),
    (":{12345}", "number"),
    ("+PONG", ""),
    ("-ERR unknown command 'FOO'", ""),
    ("redis_version:7.0.15", ""),
    ("process_id:{31337}", "number"),
    ("run_id:{9f2c5e7b1a0d4c3e8b6f9a2d1c0e4b7a9f8e6d5c}", "identifier"),
    ("used_memory_human:{1.02}M", "number"),
    ("uptime_in_seconds:{8127}", "number"),
    ("STAT pid {2112}", "number"),
    ("STAT time {1795926355}", "number"),
    (
        ":{irc.example.net} 001 alice :Welcome to the Internet Relay Network alice!~a@{127.0.0.1}",
        "host name, address",
    ),
    (
        ":{irc.example.net} 003 alice :server started {Sun Nov 29 2026} at {04:25:55} (UTC)",
        "host name, date, time",
    ),
    ("PING :{7A3B9C0D1}", "identifier"),
    ("session={550e8400-e29b-41d4-a716-446655440000}; Path=/", "UUID"),
    ("Set-Cookie: sid={Q2hhbmdlTWVQbGVhc2U0Mg==}; HttpOnly", "identifier"),
    ("client {fe80::1ff:fe23:4567:890a}%eth0 connected", "address"),
    ("eth0: {00:1b:44:11:3a:b7}", "hardware address"),
    ("Connected to [{2001:db8::1}]:8080", "address"),
    ("took {0.0031} s, load {0.52} {0.48} {0.40}", "number, number, number, number"),
    ("1500 bytes from {93.184.216.34}: icmp_seq=1 ttl=56 time={11.2} ms", "address, number"),
    ("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", ""),
    ("version 1.2.3 build 4567", ""),
    ("see README.md and nginx.conf or {example.com}", "host name"),
    ("64 clients, limit 10000, buffer 65536", ""),
    ("Your ticket: #{48213}", "number"),
    ("Total: 1,234.56 EUR", ""),
    ("{29/11/2026 10:00}", "date and time"),
    ("deadbeef cafe {feedface1}", "identifier"),
    ("call {2026-11-29}", "date"),
    ("END", ""),
    ("Hello! I am TCP server", ""),
)


def marked(line: bytes) -> tuple[str, str]:
    """Return the line with braces around the variable parts, and their kinds."""
    shown, at = "", 0
    parts = variable_parts(line)
    for part in parts:
        shown += line[at : part.start].decode() + "{" + line[part.start : part.end].decode() + "}"
        at = part.end
    return shown + line[at:].decode(), ", ".join(part.kind for part in parts)


@pytest.mark.parametrize(("line", "kinds"), LINES)
def test_lines_of_real_servers(line: str, kinds: str) -> None:
    assert marked(line.replace("{", "").replace("}", "").encode()) == (line, kinds)


@pytest.mark.parametrize("line", [line for line, kinds in LINES if kinds])
def test_both_expressions_match_what_came(line: str) -> None:
    came = line.replace("{", "").replace("}", "").encode()
    for part in variable_parts(came):
        for regex in (part.regex, part.exact):
            assert re.fullmatch(regex.replace("\\/", "/").encode(), came[part.start : part.end])
            assert "/" not in regex.replace("\\/", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Sun Nov 29 04:25:55 2026", "Tue Dec  1 23:00:01 2026"),
        ("Date: Sun, 29 Nov 2026 04:25:55 GMT", "Date: Tue, 01 Dec 2026 23:00:01 GMT"),
        ("2026-11-29T04:25:55+01:00", "2027-01-02T14:05:06-05:30"),
        ("at 9:30 AM", "at 10:05 pm"),
        ("[31337]", "[7]"),
        ("from 192.0.2.17 port 51234", "from 10.0.0.1 port 80"),
        ("took 0.0031 s", "took 12 s"),
        ("id 550e8400-e29b-41d4-a716-446655440000", "id 123e4567-e89b-12d3-a456-426614174000"),
    ],
)
def test_pattern_matches_the_next_output(before: str, after: str) -> None:
    line, regex, at = before.encode(), "", 0
    for part in variable_parts(line):
        regex += re.escape(line[at : part.start].decode()) + part.regex.replace("\\/", "/")
        at = part.end
    regex += re.escape(line[at:].decode())
    assert re.fullmatch(regex, after), regex


def test_text_sent_by_the_client_is_not_variable() -> None:
    line = b"you said: call 2026-11-29, 555123456"
    assert variable_parts(line, b"call 2026-11-29, 555123456\n") == []
    assert len(variable_parts(line, b"something else\n")) == 2


def test_host_name_is_variable() -> None:
    (part,) = variable_parts(b"welcome to build7, friend", hosts=[b"build7"])
    assert (part.kind, part.start, part.end) == ("host name", 11, 17)
    assert variable_parts(b"welcome to build70", hosts=[b"build7"]) == []
