"""Random command lines in every dialect: a status and readable messages, never a traceback.

The command runs in this process. No connection can be made and no listener bound, so that
only the code up to that point runs. ``PYNC_COMMAND_LINES=10000`` tries
more command lines.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pync.cli import main
from pync.dialects import load
from pync.dialects.argv import options_in
from pync.programs.shared import securing

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the socketpair of Windows binds, which is refused here"
)

#: The number of command lines to try.
LINES = int(os.environ.get("PYNC_COMMAND_LINES", "400"))

#: A byte of a command line that is not valid UTF-8 (PEP 383).
NOT_UTF8 = "\udcff"

#: Values and words that often cause errors.
NASTY = [
    "",
    "-",
    "0",
    "7",
    "1ms",
    "-1",
    "65536",
    "65536-1",
    "1,2,7-9",
    "9" * 5000,
    "1e400",
    "0x10",
    "0x",
    "\u00b2",  # a digit for str.isdigit(), not for int()
    "\u0663",  # a digit for int()
    NOT_UTF8,
    "\u00e9",
    "\u00e9" * 64,
    "a" * 300,
    f"{'a' * 64}.example",
    "x..y\u00e9",
    "a\nb",
    "\x1b[2J",
    "a{99999999999}",
    "(" * 2000,
    "[",
    "(?P<",
    "\\x",
    '"',
    "'",
    "%s{}",
    "127.0.0.1",
    "::1",
    "[::1]",
    "[::1]:7",
    "::1:7",
    "fe80::1%nosuch",
    "10.0.0.0/99",
    f"10.0.0.0/{'9' * 5000}",
    "1.2.3.300-",
    "localhost:7",
    "localhost:7:7",
    "http",
    "tls://localhost:7",
    "tcp://localhost",
    "udp6://[::1]:7",
    "gopher://x:7",
    "unix:",
    "unix:nosuch",
    "@abstract",
    "a" * 200 + "/" + "b" * 200,
    "pipe:x",
    "\\\\.\\pipe\\x",
    "socks5://a:b@127.0.0.1:7",
    f"socks4://{NOT_UTF8}@127.0.0.1:7",
    "http://user@:7",
    "off",
    "^X",
    "detailed",
    "a:b",
    f"{NOT_UTF8}:{NOT_UTF8}",
    ":",
    "1:1ms",
    "socks",
    "http",
    "remote",
    "1.3",
    "ef",
    "/dev/null",
    "nosuch/nosuch",
    ".",
]

#: The values that have caused most of the errors. Every option gets these.
WORST = [NOT_UTF8, "9" * 5000, "1e400", ""]

TEXTS = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_characters="\0"), max_size=8),
)


def command_lines(dialect: str) -> st.SearchStrategy[list[str]]:
    """Command lines with valid and invalid options of a dialect, and other words."""
    options = options_in(load(dialect).usage)
    shorts = "".join(option.short for option in options)

    def spelled(option: Any) -> st.SearchStrategy[list[str]]:
        if not option.takes_value:
            return st.just([option.shown])
        glue = "" if option.short else "="
        return st.one_of(
            TEXTS.map(lambda text: [option.shown + glue + text]),
            TEXTS.map(lambda text: [f"--{option.long}={text}"]),
            TEXTS.map(lambda text: [f"--{option.long}", text]),
        )

    right = st.sampled_from(options).flatmap(spelled)
    bundled = st.text(shorts, max_size=4).map(lambda letters: [f"-{letters}"])
    wrong = st.text(max_size=5).map(lambda name: [f"--{name}".replace("\0", "")])
    words = TEXTS.map(lambda text: [text])
    target = st.just(["127.0.0.1", "7"])
    parts = st.lists(st.one_of(right, right, right, bundled, wrong, words, target), max_size=6)
    return parts.map(lambda lists: [word for one in lists for word in one])


#: One name of each option.
DIALECTS = ["pync", "nc", "nc.traditional", "busybox", "ncat", "telnet"]

ANY = st.sampled_from(DIALECTS).flatmap(
    lambda dialect: command_lines(dialect).map(lambda line: [f"--as={dialect}", *line])
)


def refused(*_: object) -> None:
    raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))


def taken(*_: object) -> None:
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="module", autouse=True)
def without_network() -> Iterator[None]:
    """Use an empty folder; allow no connection, no name look-up and no waiting."""
    before = os.getcwd()
    asks = socket.getaddrinfo

    def numbers_only(
        host: Any, port: Any, family: int = 0, kind: int = 0, protocol: int = 0, flags: int = 0
    ) -> Any:
        return asks(host, port, family, kind, protocol, flags | socket.AI_NUMERICHOST)

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        os.chdir(folder)
        try:
            patch.setattr(socket, "getaddrinfo", numbers_only)
            patch.setattr(socket.socket, "connect", refused)
            patch.setattr(socket.socket, "connect_ex", lambda *_: errno.ECONNREFUSED)
            patch.setattr(socket.socket, "bind", taken)
            patch.setattr(time, "sleep", interrupted)
            patch.setenv("PYNC_MD5SIG_KEY", "key")
            # Reading the system's certificates takes 30 ms each time.
            patch.setenv("SSL_CERT_FILE", os.devnull)
            yield
        finally:
            os.chdir(before)


def run(argv: list[str]) -> tuple[int, str]:
    """Return the status and the stderr of a command line."""
    with open(os.devnull, "r+b") as null, tempfile.TemporaryFile() as said:
        status = main(argv, null, null, said)
        # A listener keeps its TLS context for its clients, and with it an open key log.
        securing.forget()
        said.seek(0)
        return status, said.read().decode()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("text", NASTY)
def test_values_of_every_option(dialect: str, text: str) -> None:
    options = [option for option in options_in(load(dialect).usage) if option.takes_value]
    # Of the other texts, every eighth option gets this one, the next ones the next; enough lines
    # cover all.
    whole = LINES >= 10_000 or text in WORST
    for option in options if whole else options[NASTY.index(text) % 8 :: 8]:
        run([f"--as={dialect}", option.shown, text, "127.0.0.1", "7"])
        run([f"--as={dialect}", option.shown, text, "-l", "127.0.0.1", "7"])
    for words in ([text], [text, "7"], ["127.0.0.1", text], ["-l", text], ["-z", "h", text]):
        run([f"--as={dialect}", *words])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_words_that_are_not_utf8_with_every_flag(dialect: str) -> None:
    for option in options_in(load(dialect).usage):
        if not option.takes_value:
            for words in ([NOT_UTF8], [NOT_UTF8, "7"], ["127.0.0.1", NOT_UTF8], ["-l", NOT_UTF8]):
                run([f"--as={dialect}", option.shown, *words])


@settings(
    max_examples=LINES, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
@example([f"--as={NOT_UTF8}"])
@example(["--as=nc", NOT_UTF8, "7"])
@example(["--as=ncat", NOT_UTF8, "7"])
@example(["--ssl", "--ssl-alpn", "a" * 300, "127.0.0.1", "7"])
@example(["--ssl", "--ssl-alpn", NOT_UTF8, "127.0.0.1", "7"])
@example(["--ssl", "--ssl-ciphers", NOT_UTF8, "127.0.0.1", "7"])
@example(["--ssl", "--ssl-servername", NOT_UTF8, "127.0.0.1", "7"])
@example(["--until", "a{99999999999}", "127.0.0.1", "7"])
@example(["--until", "(" * 2000, "127.0.0.1", "7"])
@example(["--count", "9" * 5000, "127.0.0.1", "7"])
@example(["-p", "9" * 5000, "127.0.0.1", "7"])
@example(["--proxy", f"socks5://{NOT_UTF8}:{NOT_UTF8}@127.0.0.1", "127.0.0.1", "7"])
@given(ANY)
def test_no_command_line_causes_a_traceback(argv: list[str]) -> None:
    status, said = run(argv)
    assert 0 <= status < 256
    assert all(letter.isprintable() or letter in "\n\t" for letter in said), said
