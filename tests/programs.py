"""Programs under test and their peers: started, waited for, and ended, never left behind."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import pytest

from . import forking
from .peer import DEADLINE, consecutive_ports

PYNC = [sys.executable, "-m", "pync"]


def _postgres() -> str:
    """Debian keeps PostgreSQL's own programs, by versions, where no PATH leads."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return str(found[-1]) if found else "postgres"


def _sshd() -> str:
    """It refuses to run by another name than its whole path, and is in no user's PATH."""
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "sshd"


#: Program -> (the command to look for, Debian's package).
PEERS = {
    "nc": ("nc.openbsd", "netcat-openbsd"),
    "nc.traditional": ("nc.traditional", "netcat-traditional"),
    "busybox": ("busybox", "busybox"),
    "ncat": ("ncat", "ncat"),
    "socat": ("socat", "socat"),
    "telnet": ("telnet", "telnet"),
    "curl": ("curl", "curl"),
    "openssl": ("openssl", "openssl"),
    "nginx": ("nginx", "nginx"),
    "lighttpd": ("lighttpd", "lighttpd"),
    "apache": ("apache2", "apache2"),
    "caddy": ("caddy", "caddy"),
    "ngircd": ("ngircd", "ngircd"),
    "inspircd": ("inspircd", "inspircd"),
    "stunnel": ("stunnel4", "stunnel4"),
    "node": ("node", "nodejs"),
    "chromium": ("chromium", "chromium"),
    "haproxy": ("haproxy", "haproxy"),
    "redis": ("redis-server", "redis-server"),
    "memcached": ("memcached", "memcached"),
    "twemproxy": ("nutcracker", "nutcracker"),
    "postfix": ("postfix", "postfix"),
    "smtp-sink": ("smtp-sink", "postfix"),
    "aiosmtpd": ("aiosmtpd", "python3-aiosmtpd"),
    "inetd": ("inetd", "openbsd-inetd"),
    "postgresql": (_postgres(), "postgresql"),
    "jq": ("jq", "jq"),
    "ssh": ("ssh", "openssh-client"),
    "sshd": (_sshd(), "openssh-server"),
    "dovecot": ("dovecot", "dovecot-core"),
    "dovecot-imap": ("/usr/lib/dovecot/imap-login", "dovecot-imapd"),
    "dovecot-pop3": ("/usr/lib/dovecot/pop3-login", "dovecot-pop3d"),
    "dovecot-lmtp": ("/usr/lib/dovecot/lmtp", "dovecot-lmtpd"),
    "dovecot-sieve": ("/usr/lib/dovecot/managesieve-login", "dovecot-managesieved"),
    "vsftpd": ("vsftpd", "vsftpd"),
    "slapd": ("slapd", "slapd"),
    "prosody": ("prosody", "prosody"),
    "nnrpd": ("/usr/lib/news/bin/nnrpd", "inn2"),
    "mariadb": ("mariadbd", "mariadb-server"),
    "systemd-socket-activate": ("systemd-socket-activate", "systemd"),
    "bash": ("bash", "bash"),
    "zsh": ("zsh", "zsh"),
    "fish": ("fish", "fish"),
    "groff": ("groff", "groff"),
    "mandoc": ("mandoc", "mandoc"),
}


#: Programs that the running test, and the fixtures set up for it, have started.
_started: list[Program] = []
_running = ""


def _note(program: Program) -> None:
    global _running
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    if test != _running:
        _running = test
        _started.clear()
    _started.append(program)


def needs(program: str) -> str:
    """The command of a peer program; skips the test, with the reason, when it is missing.

    Best called before anything is started. Whatever the test has started nevertheless is ended
    before it is skipped: it leaves nothing behind on a machine without the peer.
    """
    command, package = PEERS[program]
    if shutil.which(command) is None:
        for one in _started:
            one.__exit__(None, None, None)
        pytest.skip(f"{program} is missing (Debian: {package})")
    return command


def smtp_server(port: int, pem: Path) -> list[str]:
    """The command of a mail server with STARTTLS; skips the test where aiosmtpd is missing."""
    command = shutil.which(needs("aiosmtpd"))
    assert command is not None
    # aiosmtpd is a package of the Python that its command names.
    python = Path(command).read_text().splitlines()[0].removeprefix("#!").split()
    return [*python, str(Path(__file__).parent / "smtp_server.py"), str(port), str(pem)]


class Program:
    """A running program with pipes or files for its streams.

    Arguments:
        argv: the command.
        stdin, stdout: a file, or None for a pipe.
    """

    def __init__(
        self,
        *argv: str,
        stdin: IO[Any] | int | None = None,
        stdout: IO[Any] | int | None = None,
    ) -> None:
        self.argv = argv
        self.process = forking.Popen(
            argv,
            stdin=subprocess.PIPE if stdin is None else stdin,
            stdout=subprocess.PIPE if stdout is None else stdout,
            stderr=subprocess.PIPE,
            bufsize=0,
            # A group of its own, which can be ended whole: a shell has children.
            start_new_session=True,
        )
        self.said = b""
        _note(self)

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self._kill_all()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _kill_all(self) -> None:
        if hasattr(os, "killpg"):
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()

    def write(self, data: bytes) -> None:
        """Type; all of it."""
        assert self.process.stdin is not None
        view = memoryview(data)
        while view:
            _, ready, _ = select.select([], [self.process.stdin], [], DEADLINE)
            assert ready, f"{self.argv} reads no input"
            view = view[self.process.stdin.write(view[:16384]) or 0 :]

    def end_input(self) -> None:
        """End its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def read(self, size: int) -> bytes:
        """Exactly so many bytes of its output, or what came before its end."""
        assert self.process.stdout is not None
        data = bytearray()
        while len(data) < size:
            self._await(self.process.stdout, f"{len(data)} of {size} bytes came")
            piece = self.process.stdout.read(size - len(data))
            if not piece:
                break
            data += piece
        return bytes(data)

    def shows(self, text: bytes) -> bytes:
        """Its output up to and with a text."""
        data = b""
        while not data.endswith(text):
            piece = self.read(1)
            assert piece, f"{self.argv} ended and never showed {text!r}: {data!r}"
            data += piece
        return data

    def stops_reading(self) -> None:
        """Close the reader of its output."""
        assert self.process.stdout is not None
        self.process.stdout.close()

    def rest(self) -> bytes:
        """Its output to the end."""
        assert self.process.stdout is not None
        return self._to_the_end(self.process.stdout)

    def hears(self, pattern: bytes) -> re.Match[bytes]:
        """Read its standard error until a pattern is in it."""
        assert self.process.stderr is not None
        while not (found := re.search(pattern, self.said)):
            self._await(self.process.stderr, f"{pattern!r} was not said, but {self.said!r}")
            piece = self.process.stderr.read(4096)
            assert piece, f"{self.argv} ended and never said {pattern!r}: {self.said!r}"
            self.said += piece
        return found

    def _to_the_end(self, stream: IO[Any]) -> bytes:
        data = bytearray()
        while True:
            self._await(stream, f"{len(data)} bytes came, then no end")
            piece = stream.read(1 << 18)
            if not piece:
                return bytes(data)
            data += piece

    def _await(self, stream: IO[Any], otherwise: str) -> None:
        ready, _, _ = select.select([stream], [], [], DEADLINE)
        assert ready, f"{self.argv}: {otherwise} within {DEADLINE:g} s"

    def ends(self, status: int | None = 0) -> bytes:
        """It ends by itself, with this status; returns all that it said on stderr."""
        got = self.process.wait(DEADLINE)
        assert self.process.stderr is not None
        if sys.platform == "win32":  # its select takes no pipes
            self.said += self.process.stderr.read()
        else:
            # What it has started may hold its stderr, and may have been left behind.
            self.said += self._to_the_end(self.process.stderr)
        if status is not None:
            assert got == status, f"{self.argv}: status {got}, said {self.said!r}"
        return self.said


def pync(*arguments: str, **streams: IO[Any] | int | None) -> Program:
    """Start pync."""
    return Program(*PYNC, *arguments, **streams)


def listening_pync(*arguments: str, **streams: IO[Any] | int | None) -> tuple[Program, int]:
    """Start pync as a listener on a free port of 127.0.0.1; returns it and the port."""
    program = pync("-l", "-v", *arguments, "127.0.0.1", "0", **streams)
    return program, int(program.hears(rb"(?:Listening|Bound) on \S+ (\d+)").group(1))


def stays(program: Program, seconds: float) -> bool:
    """Whether it is still there after a while."""
    try:
        program.process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def said_by_now(program: Program) -> bytes:
    """What is there of its standard error and was not read yet, without waiting."""
    assert program.process.stderr is not None
    os.set_blocking(program.process.stderr.fileno(), False)
    return program.process.stderr.read() or b""


#: Never set.
_MOMENT = threading.Event()


def until(condition: Callable[[], object], what: str, program: Program | None = None) -> None:
    """Wait until something is so; fail with its name when it does not become so."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"waited {DEADLINE:g} s for {what}"
        # What is awaited may need the processor that looking takes.
        if program is None:
            _MOMENT.wait(0.002)
        else:
            try:
                program.process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            assert condition(), f"{program.argv} ended before {what}: {program.ends(None)!r}"


def is_bound(port: int, protocol: str = "tcp", host: str = "127.0.0.1") -> bool:
    """Whether a socket listens on (UDP: is bound to) a port, for clients of this address.

    ncat listens on :: first and then on 0.0.0.0: a client over IPv4 has to wait for the second.
    """
    if ":" in host:
        return _is_in_table(port, f"{protocol}6")
    if _is_in_table(port, protocol):
        return True
    return _is_in_table(port, f"{protocol}6") and (protocol == "udp" or _takes_both(port))


def not_accepted(port: int) -> int:
    """How many clients over IPv4 wait in the queue of a listener (proc_net_tcp, rx_queue)."""
    line = _line_of(port, "tcp")
    assert line is not None, f"nothing listens on port {port}"
    return int(line.split()[4].partition(b":")[2], 16)


def _is_in_table(port: int, table: str) -> bool:
    return _line_of(port, table) is not None


def _line_of(port: int, table: str) -> bytes | None:
    """The line of a table of the kernel with what listens or is bound there (proc_net_tcp)."""
    state = b"0A" if table.startswith("tcp") else b"07"
    pattern = re.compile(rb":%04X [0-9A-F]+:0000 %s " % (port, state))
    with suppress(FileNotFoundError), open(f"/proc/net/{table}", "rb") as lines:
        next(lines)
        for line in lines:
            if pattern.search(line):
                return line
            if state == b"0A" and line.split()[3] != state:
                break  # those that listen are first, before thousands of ended connections
    return None


def _takes_both(port: int) -> bool:
    """Whether a listener of IPv6 takes clients over IPv4 too (ipv6(7), IPV6_V6ONLY)."""
    with socket.socket() as probe:
        # With it, the probe is in nobody's way: it does not listen.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


@contextmanager
def unused_udp_port() -> Iterator[int]:
    """A UDP port of 127.0.0.1 that nobody else takes meanwhile.

    The TCP port of the same number is the lock among tests that run at the same time.
    """
    with consecutive_ports(1) as locks:
        port = int(locks[0].getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", port))
        # A child that another thread has just forked holds the probe until it executes its
        # program (fork(2), FD_CLOEXEC). It must not be taken for the program that is awaited.
        until(lambda: not is_bound(port, "udp"), "the probe to be closed")
        yield port


def is_listening_path(path: Path) -> bool:
    """Whether a socket takes connections, or datagrams, at a path (unix(7): /proc/net/unix)."""
    for line in Path("/proc/net/unix").read_bytes().splitlines()[1:]:
        _, _, _, flags, kind, *_ = line.split()
        # A stream that is bound and does not listen yet refuses: __SO_ACCEPTON is missing.
        if line.endswith(b" " + bytes(path)) and (flags == b"00010000" or kind == b"0002"):
            return True
    return False
