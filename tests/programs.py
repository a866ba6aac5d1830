"""Start programs under test and their peers, wait for them, stop them, and leave none behind."""

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
    """Debian installs PostgreSQL's programs in a versioned folder that is not on PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return str(found[-1]) if found else "postgres"


def _sshd() -> str:
    """sshd must be started by its full path, and is not on a user's PATH."""
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
    """Return the command of a peer program; skip the test if it is missing.

    Call it before anything is started. Programs that the test has already started are stopped
    before it is skipped, so that nothing is left behind on a machine without the peer.
    """
    command, package = PEERS[program]
    if shutil.which(command) is None:
        for one in _started:
            one.__exit__(None, None, None)
        pytest.skip(f"{program} is missing (Debian: {package})")
    return command


def smtp_server(port: int, pem: Path) -> list[str]:
    """Return the command of a mail server with STARTTLS; skip the test if aiosmtpd is missing."""
    command = shutil.which(needs("aiosmtpd"))
    assert command is not None
    # aiosmtpd belongs to the Python in the first line of its command.
    python = Path(command).read_text().splitlines()[0].removeprefix("#!").split()
    return [*python, str(Path(__file__).parent / "smtp_server.py"), str(port), str(pem)]


class Program:
    """A running program whose streams are pipes or files.

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
            # A new process group, so that all of it can be killed: a shell has children.
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
        """Write all of it to the standard input."""
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
        """Return exactly so many bytes of its output, or fewer if it ends before."""
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
        """Return its output up to and including a text."""
        data = b""
        while not data.endswith(text):
            piece = self.read(1)
            assert piece, f"{self.argv} ended without showing {text!r}: {data!r}"
            data += piece
        return data

    def stops_reading(self) -> None:
        """Close the reader of its output."""
        assert self.process.stdout is not None
        self.process.stdout.close()

    def rest(self) -> bytes:
        """Return its output to the end."""
        assert self.process.stdout is not None
        return self._to_the_end(self.process.stdout)

    def hears(self, pattern: bytes) -> re.Match[bytes]:
        """Read its standard error until it matches a pattern."""
        assert self.process.stderr is not None
        while not (found := re.search(pattern, self.said)):
            self._await(self.process.stderr, f"{pattern!r} was not said, but {self.said!r}")
            piece = self.process.stderr.read(4096)
            assert piece, f"{self.argv} ended without {pattern!r} on stderr: {self.said!r}"
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
        """Wait for its exit with this status; return all of its stderr."""
        got = self.process.wait(DEADLINE)
        assert self.process.stderr is not None
        if sys.platform == "win32":  # select does not support pipes there
            self.said += self.process.stderr.read()
        else:
            # A process that it started may still hold its stderr.
            self.said += self._to_the_end(self.process.stderr)
        if status is not None:
            assert got == status, f"{self.argv}: status {got}, stderr {self.said!r}"
        return self.said


def pync(*arguments: str, **streams: IO[Any] | int | None) -> Program:
    """Start pync."""
    return Program(*PYNC, *arguments, **streams)


def listening_pync(
    *arguments: str, at: str = "0", **streams: IO[Any] | int | None
) -> tuple[Program, int]:
    """Start pync as a listener on 127.0.0.1, on a free port or this one; return it and the port."""
    program = pync("-l", "-v", *arguments, "127.0.0.1", at, **streams)
    return program, int(program.hears(rb"(?:Listening|Bound) on \S+ (\d+)").group(1))


def stays(program: Program, seconds: float) -> bool:
    """Whether it is still running after a while."""
    try:
        program.process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def said_by_now(program: Program) -> bytes:
    """Return the unread part of its standard error, without waiting."""
    assert program.process.stderr is not None
    os.set_blocking(program.process.stderr.fileno(), False)
    return program.process.stderr.read() or b""


#: Never set.
_MOMENT = threading.Event()


def until(condition: Callable[[], object], what: str, program: Program | None = None) -> None:
    """Wait until a condition is true; name it in the failure if it never is."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"waited {DEADLINE:g} s for {what}"
        # The awaited program may need the CPU that polling would use.
        if program is None:
            _MOMENT.wait(0.002)
        else:
            try:
                program.process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            assert condition(), f"{program.argv} ended before {what}: {program.ends(None)!r}"


def is_bound(port: int, protocol: str = "tcp", host: str = "127.0.0.1") -> bool:
    """Whether a socket listens on (UDP: is bound to) a port, for clients of this host address.

    ncat listens on :: first and then on 0.0.0.0: a client over IPv4 must wait for the second.
    """
    if ":" in host:
        return _is_in_table(port, f"{protocol}6")
    if _is_in_table(port, protocol):
        return True
    return _is_in_table(port, f"{protocol}6") and (protocol == "udp" or _takes_both(port))


def not_accepted(port: int) -> int:
    """The number of IPv4 clients in the accept queue of a listener (proc_net_tcp, rx_queue)."""
    line = _line_of(port, "tcp")
    assert line is not None, f"nothing listens on port {port}"
    return int(line.split()[4].partition(b":")[2], 16)


def _is_in_table(port: int, table: str) -> bool:
    return _line_of(port, table) is not None


def _line_of(port: int, table: str) -> bytes | None:
    """The line of a listening or bound socket in a socket table of the kernel (proc_net_tcp)."""
    state = b"0A" if table.startswith("tcp") else b"07"
    pattern = re.compile(rb":%04X [0-9A-F]+:0000 %s " % (port, state))
    with suppress(FileNotFoundError), open(f"/proc/net/{table}", "rb") as lines:
        next(lines)
        for line in lines:
            if pattern.search(line):
                return line
            if state == b"0A" and line.split()[3] != state:
                break  # listening sockets are first, before thousands of closed connections
    return None


def _takes_both(port: int) -> bool:
    """Whether an IPv6 listener also accepts clients over IPv4 (ipv6(7), IPV6_V6ONLY)."""
    with socket.socket() as probe:
        # With SO_REUSEADDR the probe blocks nobody, because it does not listen.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


@contextmanager
def unused_udp_port() -> Iterator[int]:
    """A UDP port of 127.0.0.1 that no other test uses meanwhile.

    The TCP port with the same number is the lock between tests that run at the same time.
    """
    with consecutive_ports(1) as locks:
        port = int(locks[0].getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", port))
        # A child that another thread has just forked holds the probe until it executes its
        # program (fork(2), FD_CLOEXEC). It must not be mistaken for the awaited program.
        until(lambda: not is_bound(port, "udp"), "the probe to be closed")
        yield port


def is_listening_path(path: Path) -> bool:
    """Whether a socket accepts connections, or datagrams, at a path (unix(7): /proc/net/unix)."""
    for line in Path("/proc/net/unix").read_bytes().splitlines()[1:]:
        _, _, _, flags, kind, *_ = line.split()
        # A stream socket that is bound but does not listen yet lacks __SO_ACCEPTON.
        if line.endswith(b" " + bytes(path)) and (flags == b"00010000" or kind == b"0002"):
            return True
    return False
