"""STARTTLS with a real Postfix: certificates, refusals, and attackers on the connection."""

from __future__ import annotations

import os
import re
import select
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import pync
from pync.core.errors import TlsError

from ..peer import DEADLINE, Peer, connected, listening
from ..programs import PYNC, Program, needs, until

#: Starts Postfix alone: ``postfix PORT FOLDER [NAME=VALUE of main.cf ...]``.
POSTFIX = Path(__file__).parents[2] / "examples" / "profiles" / "smtp" / "postfix"

#: Everything that pync sends in plain text.
ASKS = b"EHLO localhost\r\n", b"STARTTLS\r\n"

Starts = Callable[..., int]


@pytest.fixture
def postfix(port: int, pem: Path) -> Iterator[Starts]:
    """Start Postfix with settings; returns its port."""
    needs("postfix")
    if os.geteuid() != 0:
        pytest.skip("only root starts Postfix")

    with ExitStack() as stack:
        # (Not in tmp_path: Postfix's user cannot enter its parents.)
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="postfix"))
        Path(home).chmod(0o755)
        queue = Path(home, "queue")
        queue.mkdir()
        own = Path(shutil.copy(pem, home))

        def starts(level: str) -> int:
            settings = (
                f"smtpd_tls_security_level={level}",
                f"smtpd_tls_cert_file={own}",
                f"smtpd_tls_key_file={own}",
            )
            server = Program(str(POSTFIX), str(port), str(queue), *settings)
            stack.enter_context(server)
            until(lambda: _listens(port), "Postfix to listen", server)
            return port

        yield starts


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def test_certificate_is_verified(postfix: Starts, pem: Path) -> None:
    port = postfix("may")
    with Program(
        *PYNC, "-v", "--starttls=smtp", f"--ssl-trustfile={pem}", "localhost", str(port)
    ) as client:
        client.write(b"EHLO me\r\nQUIT\r\n")
        client.end_input()
        answer = client.rest()
        said = client.ends()
    # Inside TLS, STARTTLS is not offered again (RFC 3207 4.2).
    assert b"STARTTLS" not in answer
    assert answer.endswith(b"221 2.0.0 Bye\r\n")
    assert b"Secured by TLSv1" in said


def test_no_byte_is_sent_to_an_unknown_certificate(postfix: Starts) -> None:
    port = postfix("may")
    with Program(*PYNC, "--starttls=smtp", "localhost", str(port)) as client:
        client.write(b"EHLO me\r\nQUIT\r\n")
        said = client.ends(1)
        assert client.rest() == b""
    assert said.startswith(b"pync: dial tls://")
    assert b"certificate verify failed" in said
    assert said.count(b"\n") == 1


def test_without_verification_a_warning_comes_first(postfix: Starts) -> None:
    port = postfix("encrypt")
    with Program(*PYNC, "-v", "--starttls=smtp", "--insecure", "localhost", str(port)) as client:
        client.write(b"EHLO me\r\nQUIT\r\n")
        client.end_input()
        assert client.rest().endswith(b"221 2.0.0 Bye\r\n")
        said = client.ends()
    assert b"not verified" in said


def test_postfix_without_tls_gets_no_input(postfix: Starts, pem: Path) -> None:
    port = postfix("none")
    with Program(
        *PYNC, "--starttls=smtp", f"--ssl-trustfile={pem}", "localhost", str(port)
    ) as client:
        client.write(b"AUTH PLAIN AHVzZXIAc2VjcmV0\r\n")
        said = client.ends(1)
        assert client.rest() == b""
    assert said == (b"pync: dial tls://127.0.0.1:%d: the server does not offer STARTTLS\n" % port)


#: Bytes that an attacker adds to the server's last plain answer -> why the client ends.
INJECTED = {
    b"250 OK\r\n": b"the server sent plain text after it began TLS",
    b"220 2.0.0 Ready to start TLS\r\n": b"the server sent plain text after it began TLS",
    # The alert close_notify of TLS 1.2, without anything after it.
    b"\x15\x03\x03\0\2\1\0": b"TLS/SSL connection has been closed (EOF)",
}


@pytest.mark.parametrize("injected", INJECTED)
def test_bytes_between_the_answer_and_tls_are_not_accepted(
    postfix: Starts, pem: Path, injected: bytes
) -> None:
    with ExitStack() as stack:
        client, near, far = _between(stack, postfix("may"), pem)
        _begins(near, far)
        near.says(injected)
        _carry(near, far)
        said = client.ends(1)
        assert client.rest() == b""
    assert re.fullmatch(
        rb"pync: dial tls://127\.0\.0\.1:\d+: %s\n" % re.escape(INJECTED[injected]), said
    )


def test_without_an_offer_nothing_is_sent_in_plain_text(postfix: Starts, pem: Path) -> None:
    with ExitStack() as stack:
        client, near, far = _between(stack, postfix("may"), pem)
        client.write(b"secret\r\n")
        near.says(far.hears_to(b"\r\n", 1))
        near.hears(ASKS[0])
        far.says(ASKS[0])
        near.says(far.hears_to(b" CHUNKING\r\n", 1).replace(b"250-STARTTLS\r\n", b""))
        near.hears_end()
        assert b"does not offer STARTTLS" in client.ends(1)


def test_dialogue_arrives_byte_by_byte(postfix: Starts, pem: Path) -> None:
    with ExitStack() as stack:
        client, near, far = _between(stack, postfix("may"), pem)
        _begins(near, far, size=1)
        client.write(b"QUIT\r\n")
        client.end_input()
        _carry(near, far)
        assert client.rest() == b"221 2.0.0 Bye\r\n"
        client.ends()


def test_library_reports_a_refusal(postfix: Starts) -> None:
    port = postfix("none")
    with pytest.raises(TlsError, match="does not offer STARTTLS"):
        pync.dial(f"tls://localhost:{port}", starttls="smtp", timeout=20)


def _between(stack: ExitStack, port: int, pem: Path) -> tuple[Program, Peer, Peer]:
    """Return pync, and the two connections of an attacker between pync and Postfix."""
    server = stack.enter_context(listening())
    words = ("--starttls=smtp", f"--ssl-trustfile={pem}", "localhost", str(server.port))
    client = stack.enter_context(Program(*PYNC, *words))
    return client, server.accepts(), stack.enter_context(connected(port))


def _begins(near: Peer, far: Peer, size: int = 1024) -> None:
    """Relay the plain dialogue; send to the client in pieces of a size."""
    for asked, end in zip(
        (b"", *ASKS), (b"Postfix\r\n", b" CHUNKING\r\n", b"TLS\r\n"), strict=True
    ):
        near.hears(asked)
        far.says(asked)
        answer = far.hears_to(end, 1)
        for place in range(0, len(answer), size):
            near.says(answer[place : place + size])


def _carry(near: Peer, far: Peer) -> None:
    """Relay data in both directions until one side ends."""
    onward = {near.sock: far, far.sock: near}
    while True:
        ready, _, _ = select.select(list(onward), [], [], DEADLINE)
        assert ready, "neither side sends anything"
        for sock in ready:
            try:
                data = sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                near.closes()
                return
            onward[sock].says(data)
