"""Contexts and handshakes of TLS, with their files and time limits.

A client verifies the certificate and its name unless the user switches that off. A listener
without a certificate makes a self-signed one, which clients cannot verify.
"""

from __future__ import annotations

import os
import ssl
import stat
import time
from collections.abc import Callable
from errno import ETIMEDOUT

from ...core.broken import HANDSHAKE_TIMED_OUT, over_tls
from ...core.deadline import Deadline
from ...core.errors import Cause, TlsError, UsageError, shortened
from ...core.typed import NamedTuple
from ...layers.handshake import HandshakeError, HandshakeSteps
from ...layers.sendbuffer import SendBuffer
from ...layers.tls import TlsCodec, explained
from ..conn import StreamConn
from ..layered import READ, LayeredConn
from .credentials import Ask, load_own, trusting

#: Seconds that a handshake may take; a client that sends nothing must not delay others.
HANDSHAKE_TIMEOUT = 30.0

#: The ciphers of ncat: also those with RSA key exchange, which Python leaves out.
MANY_CIPHERS = "ALL:!aNULL:!eNULL:!LOW:!EXP:!RC4:!MD5:@STRENGTH"

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


class Security(NamedTuple):
    """How a connection is secured; files are paths, names are as the user typed them."""

    verify: bool = True
    certificate: str | None = None
    key: str | None = None
    trusted: str | None = None
    ciphers: str | None = None
    server_name: str | None = None
    protocols: tuple[str, ...] = ()
    least: str | None = None
    most: str | None = None
    keylog: str | None = None
    #: The protocol whose command starts TLS (layers/starttls.py); None: TLS starts at once.
    starttls: str | None = None
    #: Asks the user for the passphrase of a key.
    ask: Ask | None = None
    #: Whether to allow all versions and ciphers of OpenSSL, as ncat does.
    lenient: bool = False
    #: Seconds for a handshake.
    timeout: float = HANDSHAKE_TIMEOUT


def client_context(security: Security) -> ssl.SSLContext:
    """Return the context of a client, which verifies its server. Raises UsageError."""
    security = with_keylog(security)
    if security.trusted is not None:
        context = trusting(ssl.create_default_context, security.trusted)
    elif security.verify:
        context = ssl.create_default_context()
    else:
        # Reading the system's certificates takes about 30 ms, and none would be used.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The names are in the certificate's subjectAltName; its CN is not a host name (RFC 9525 2).
    context.hostname_checks_common_name = False
    if not security.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return _tuned(context, security)


def server_context(security: Security) -> ssl.SSLContext:
    """Return the context of a listener: its certificate, and its checks of clients.

    Raises UsageError.
    """
    security = with_keylog(security)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if security.certificate is None:
        from .certificate import use_self_made

        use_self_made(context)
    if security.trusted is not None:
        trusting(context.load_verify_locations, security.trusted)
        context.verify_mode = ssl.CERT_REQUIRED
    return _tuned(context, security)


def secure(
    conn: StreamConn,
    context: ssl.SSLContext,
    *,
    server_side: bool = False,
    server_name: str | None = None,
    starttls: str | None = None,
    timeout: float | None = None,
) -> LayeredConn:
    """Perform the handshake; return the connection through TLS, which owns ``conn``.

    Arguments:
        server_name: the server's name that a client expects.
        starttls: the protocol whose command a client uses to start TLS.
        timeout: seconds for the handshake; None: HANDSHAKE_TIMEOUT.

    Raises TlsError, with ``conn`` closed.
    """
    before = conn.gettimeout()
    deadline = Deadline(HANDSHAKE_TIMEOUT if timeout is None else timeout)
    securing = Securing(
        conn, context, server_side=server_side, server_name=server_name, starttls=starttls
    )
    secured = securing.step(lambda: conn.settimeout(max(0.001, deadline.remaining or 0.001)))
    conn.settimeout(before)
    return secured


class Securing:
    """A handshake that runs step by step, where others must not wait for it.

    Arguments:
        conn: owned by this object.
        context, server_side, server_name, starttls: as for secure().
    """

    def __init__(
        self,
        conn: StreamConn,
        context: ssl.SSLContext,
        *,
        server_side: bool,
        server_name: str | None = None,
        starttls: str | None = None,
    ) -> None:
        self._conn = conn
        self._starttls = starttls
        self._asking: HandshakeSteps[None] | None = None
        if starttls is not None:
            from ...layers.starttls import begin

            self._asking = HandshakeSteps(begin(starttls, server_name or ""))
        self._server_side = server_side
        self._codec = TlsCodec(context, server_side=server_side, server_name=server_name)
        self._unsent = SendBuffer()
        self._early = b""
        self._began = time.perf_counter()
        self._codec.start()

    @property
    def writes(self) -> bool:
        """Whether it waits to write, not to read."""
        return bool(self._unsent) or (self._asking is not None and self._asking.writes)

    @property
    def seconds(self) -> float | None:
        """None: it waits for the peer alone (see accept.Steps)."""
        return None

    @property
    def lateness(self) -> Cause:
        """The cause to report when the handshake has taken too long."""
        if self._asking is None:
            return HANDSHAKE_TIMED_OUT
        return Cause(f"timed out: the server did not begin TLS in {self._starttls}", ETIMEDOUT)

    def late(self) -> TlsError:
        """Return the error to report when the handshake has taken too long."""
        operation = "accept" if self._server_side else "dial"
        return TlsError(operation, over_tls(self._conn.peer), self.lateness)

    def step(self, prepare: Callable[[], None] = lambda: None) -> LayeredConn:
        """Continue the handshake; return the connection through TLS at its end.

        Arguments:
            prepare: called before each read and write.

        Raises BlockingIOError when it has to wait; TlsError, with the connection closed.
        """
        try:
            self._go_on(prepare)
        except BlockingIOError:
            raise
        except (OSError, ssl.CertificateError, HandshakeError) as error:
            self._conn.close()
            operation = "accept" if self._server_side else "dial"
            raise TlsError(operation, over_tls(self._conn.peer), self._cause(error)) from None
        except BaseException:
            self._conn.close()
            raise
        secured = LayeredConn(self._conn, self._codec)
        took = time.perf_counter() - self._began
        secured.times = self._conn.times._replace(handshake=took)
        # The peer's first data may have come together with the end of its handshake.
        secured.hold(self._early)
        return secured

    def _cause(self, error: Exception) -> str:
        # (An error with a number is from the system: the connection has failed.)
        if isinstance(error, TimeoutError) and not error.errno:
            return self.lateness
        # OpenSSL's error for plain text.
        if self._starttls is not None and getattr(error, "reason", "") == "WRONG_VERSION_NUMBER":
            return "the server sent plain text after it began TLS"
        return explained(error)

    def _go_on(self, prepare: Callable[[], None]) -> None:
        def send(data: memoryview) -> int:
            prepare()
            return self._conn.send(data)

        while self._asking is not None:
            prepare()
            self._asking.step(self._conn)
            if self._asking.is_over:
                self._asking = None
        while True:
            self._unsent.put(self._codec.outgoing())
            self._unsent.send_with(send)
            if self._codec.established:
                return
            prepare()
            received = self._conn.recv(READ)
            if not received:
                raise ConnectionError("the peer ended the connection in the handshake")
            try:
                self._early = self._codec.receive(received)
            except ssl.SSLError:
                self._say_why()
                raise

    def _say_why(self) -> None:
        try:
            self._conn.send(self._codec.outgoing())
        except OSError:
            pass  # the peer does not receive it


def _tuned(context: ssl.SSLContext, security: Security) -> ssl.SSLContext:
    if security.certificate is not None:
        load_own(context, security.certificate, security.key, security.ask)
    if security.lenient:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers(MANY_CIPHERS)
    if security.ciphers is not None:
        try:
            context.set_ciphers(security.ciphers)
        except (ssl.SSLError, UnicodeError):
            raise UsageError(f"--ssl-ciphers {security.ciphers!r}: no cipher fits") from None
    if security.protocols:
        check_protocols(security.protocols)
        context.set_alpn_protocols(list(security.protocols))
    if security.least is not None:
        context.minimum_version = _version(security.least, "--ssl-min-version")
    if security.most is not None:
        context.maximum_version = _version(security.most, "--ssl-max-version")
    if security.keylog is not None:
        context.keylog_filename = security.keylog
    return context


def with_keylog(security: Security) -> Security:
    """Return ``security`` with the key log of the environment, unless it has its own.

    Both files are made private. (Python's own default context opens the file of the environment.)
    """
    inherited = os.environ.get("SSLKEYLOGFILE") or None
    for option, path in (("SSLKEYLOGFILE", inherited), ("--ssl-keylog", security.keylog)):
        if path is not None:
            _make_private(option, path)
    return security._replace(keylog=security.keylog or inherited)


def _make_private(option: str, path: str) -> None:
    """Create a file that only its owner can read, or check that it is one. Raises UsageError."""
    try:
        # Opening a FIFO without a reader would block.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR)
        try:
            mode = os.fstat(descriptor).st_mode
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UsageError(f"{option} {path}: {explained(error)}") from None
    if os.name == "posix" and not stat.S_ISCHR(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(f"{option} {path}: other users may read it: chmod 600 {path}")


def check_protocols(names: tuple[str, ...]) -> None:
    """Check that ALPN has room for these names. Raises UsageError."""
    # RFC 7301 3.1: 1 to 255 bytes each; Python takes ASCII only.
    for name in names:
        if not (name.isascii() and 0 < len(name) < 256):
            raise UsageError(
                f"--ssl-alpn: {shortened(name)} is not a protocol name (1 to 255 ASCII characters)"
            )


def _version(text: str, option: str) -> ssl.TLSVersion:
    name = text.lower().removeprefix("tlsv").removeprefix("tls")
    if name not in VERSIONS:
        raise UsageError(f"{option}: {text!r} is not a TLS version ({', '.join(VERSIONS)})")
    return VERSIONS[name]
