"""How TLS connections end: when close_notify is sent, and what happens without it."""

from __future__ import annotations

import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..e2e.terminal import Terminal
from ..peer import DEADLINE
from ..programs import PYNC, Program, is_bound, listening_pync, needs, pync, until
from .test_tls import client_context, tls_server

#: Seconds within which two pync programs finish.
PROMPTLY = 5.0


@pytest.fixture(params=["1.2", "1.3"])
def client(request: pytest.FixtureRequest, pem: Path) -> tuple[str, ...]:
    """The options of a client, of each version."""
    return "--ssl", "--ssl-trustfile", str(pem), "--ssl-max-version", request.param


def listener(pem: Path, *options: str, **streams: object) -> tuple[Program, str]:
    files = ("--ssl", "--ssl-cert", str(pem))
    program, port = listening_pync(*files, *options, **streams)  # type: ignore[arg-type]
    return program, str(port)


@contextmanager
def promptly() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < PROMPTLY


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_file_is_sent_to_a_listener(
    pem: Path, client: tuple[str, ...], size: int, tmp_path: Path
) -> None:
    server, port = listener(pem)
    (tmp_path / "data").write_bytes(bytes(size))
    with server, promptly(), (tmp_path / "data").open("rb") as data:
        with pync(*client, "localhost", port, stdin=data) as ours:
            assert server.rest() == bytes(size)
            assert ours.rest() == b""
            assert ours.ends(0) == b""
        server.ends(0)


@pytest.mark.parametrize("size", [1, 3_000_000])
def test_file_is_received_from_a_listener(pem: Path, client: tuple[str, ...], size: int) -> None:
    server, port = listener(pem)
    data = bytes(size)
    with server, promptly(), pync(*client, "localhost", port) as ours:
        server.write(data)
        server.end_input()
        # The input stays open: the listener does not wait for its end.
        assert ours.read(size + 1) == data
        ours.end_input()
        ours.ends(0)
        server.ends(0)


def test_files_both_ways_and_the_longer_one_is_complete(pem: Path, client: tuple[str, ...]) -> None:
    server, port = listener(pem)
    with server, promptly(), pync(*client, "localhost", port) as ours:
        ours.write(b"short")
        ours.end_input()
        server.write(bytes(3_000_000))
        server.end_input()
        assert ours.rest() == bytes(3_000_000)
        assert server.rest() == b"short"
        ours.ends(0)
        server.ends(0)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_close_notify_waits_for_a_pause_of_the_answer(pem: Path, version: str) -> None:
    heard = []

    def answers_slowly(tls: ssl.SSLSocket) -> None:
        heard.append(tls.recv(100))
        tls.settimeout(0.5)
        for number in range(6):
            tls.sendall(b"%d" % number)
            try:
                heard.append(tls.recv(1))
            except TimeoutError:
                continue
        tls.settimeout(DEADLINE)
        heard.append(tls.recv(1))
        tls.sendall(b".")
        tls.unwrap().close()

    with tls_server(pem, answers_slowly, version) as port:
        with pync("--insecure", "--ssl", "localhost", str(port)) as ours:
            ours.write(b"question")
            ours.end_input()
            assert ours.rest() == b"012345."
            ours.ends(0)
    # close_notify came once, when the answer had paused for long enough.
    assert heard == [b"question", b""]


def test_close_notify_at_once_or_never(pem: Path) -> None:
    def waits_a_moment(tls: ssl.SSLSocket) -> None:
        tls.recv(100)
        tls.settimeout(1)
        try:
            tls.sendall(b"ended" if tls.recv(1) == b"" else b"?")
        except TimeoutError:
            tls.sendall(b"waits")
        tls.settimeout(DEADLINE)
        try:
            tls.unwrap().close()
        except ssl.SSLError:
            tls.close()

    for option, said in (("-N", b"ended"), ("--no-shutdown", b"waits")):
        with tls_server(pem, waits_a_moment) as port:
            with pync("--insecure", option, "--ssl", "localhost", str(port)) as ours:
                ours.write(b"question")
                ours.end_input()
                assert ours.rest() == said
                ours.ends(0)


def test_listener_without_input_does_not_interrupt_its_client(pem: Path) -> None:
    with open("/dev/null", "rb") as nothing:
        server, port = listener(pem, stdin=nothing)
    with server, socket.create_connection(("127.0.0.1", int(port)), DEADLINE) as sock:
        with client_context(pem).wrap_socket(sock, server_hostname="localhost") as tls:
            tls.sendall(b"first ")
            tls.settimeout(1)
            with pytest.raises(TimeoutError):
                tls.recv(1)
            tls.settimeout(DEADLINE)
            tls.sendall(b"second")
            tls.unwrap().close()
        assert server.rest() == b"first second"
        server.ends(0)


def test_broker_without_input_does_not_interrupt_its_clients(pem: Path, port: int) -> None:
    files = ("--ssl", "--ssl-cert", str(pem), "--ssl-key", str(pem))
    with open("/dev/null", "rb") as nothing:
        room = Program(*PYNC, "--as=ncat", "-lk", *files, "127.0.0.1", str(port), stdin=nothing)
    with room:
        until(lambda: is_bound(port), "the listener", room)
        with socket.create_connection(("127.0.0.1", port), DEADLINE) as sock:
            with client_context(pem).wrap_socket(sock, server_hostname="localhost") as tls:
                tls.sendall(b"first ")
                tls.settimeout(1)
                with pytest.raises(TimeoutError):
                    tls.recv(1)
                tls.sendall(b"second")
                assert room.read(12) == b"first second"


def test_broker_sends_close_notify_when_its_input_ends(pem: Path, port: int) -> None:
    files = ("--ssl", "--ssl-cert", str(pem), "--ssl-key", str(pem))
    with Program(*PYNC, "--as=ncat", "-lk", *files, "127.0.0.1", str(port)) as room:
        until(lambda: is_bound(port), "the listener", room)
        with pync("--insecure", "--ssl", "localhost", str(port)) as ours:
            room.write(b"a file")
            room.end_input()
            assert ours.rest() == b"a file"


# Ends without close_notify.


def breaks_off(tls: ssl.SSLSocket) -> None:
    """Half an answer, then FIN."""
    tls.sendall(b"half of it")
    tls.close()


TOLD = b"the peer ended without close_notify: data may be missing\n"


@pytest.mark.parametrize(("options", "status"), [((), 1), (("--exit-codes=detailed",), 9)])
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_truncated_answer_is_a_failure(
    pem: Path, version: str, options: tuple[str, ...], status: int
) -> None:
    with tls_server(pem, breaks_off, version) as port:
        trust = ("--ssl", "--ssl-trustfile", str(pem), *options)
        with pync(*trust, "localhost", str(port)) as ours:
            assert ours.rest() == b"half of it"
            ours.end_input()
            assert ours.ends(status) == b"pync: relay tls://127.0.0.1:%d: " % port + TOLD


def test_end_is_shown_on_a_terminal(pem: Path) -> None:
    with tls_server(pem, breaks_off) as port:
        words = ["--ssl", "--ssl-trustfile", str(pem), "localhost", str(port)]
        with Terminal([*PYNC, *words]) as person:
            person.sees(b"half of it")
            person.sees(b"Connection closed by foreign host.\r\npync: relay")
            person.sees(b"the peer ended without close_notify: data may be missing\r\n")


def test_truncated_upload_is_a_failure(pem: Path) -> None:
    server, text = listener(pem)
    with server:
        with pync("--ssl", "--ssl-trustfile", str(pem), "localhost", text) as ours:
            ours.write(b"half of it")
            assert server.read(10) == b"half of it"
            # Its input has not ended: nothing proves that the file is complete.
            ours.process.send_signal(signal.SIGTERM)
            ours.ends(None)
        assert server.ends(1).endswith(TOLD)


def test_truncated_upload_to_a_command_is_a_failure(pem: Path) -> None:
    server, port = listener(pem, "--sh-exec", "cat >/dev/null")
    with server:
        closes_without_close_notify(pem, int(port))
        assert server.ends(1).endswith(TOLD)


def closes_without_close_notify(pem: Path, port: int) -> None:
    """Send half of it."""
    context = client_context(pem)
    # In TLS 1.3 unread tickets would make close send RST.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as sock:
        with context.wrap_socket(sock, server_hostname="localhost") as tls:
            tls.sendall(b"half of it")


def test_rest_of_the_input_is_sent_after_the_peer_s_fin(pem: Path) -> None:
    answer = bytes(3_000_000)
    server, port = listener(pem)
    context = client_context(pem)
    incoming, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, leaving, server_hostname="localhost")
    with server, socket.create_connection(("127.0.0.1", int(port)), DEADLINE) as sock:
        shake(tls, sock, incoming, leaving)
        server.write(answer[:1])
        tls.write(b"question")
        sock.sendall(leaving.read())
        sock.shutdown(socket.SHUT_WR)
        assert server.read(8) == b"question"
        server.write(answer[1:])
        server.end_input()
        assert read_all(tls, sock, incoming) == answer
        assert server.ends(1).endswith(TOLD)


def shake(
    tls: ssl.SSLObject, sock: socket.socket, incoming: ssl.MemoryBIO, leaving: ssl.MemoryBIO
) -> None:
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            sock.sendall(leaving.read())
            incoming.write(sock.recv(65536))
        else:
            sock.sendall(leaving.read())
            return


def read_all(tls: ssl.SSLObject, sock: socket.socket, incoming: ssl.MemoryBIO) -> bytes:
    """Read to close_notify."""
    data = b""
    while True:
        try:
            while piece := tls.read(65536):
                data += piece
            return data
        except ssl.SSLWantReadError:
            received = sock.recv(65536)
            assert received, "FIN without close_notify"
            incoming.write(received)


def test_for_ncat_a_truncated_answer_is_an_error(pem: Path) -> None:
    with tls_server(pem, breaks_off) as port:
        with Program(*PYNC, "--as=ncat", "--ssl", "localhost", str(port)) as program:
            assert program.rest() == b"half of it"
            program.end_input()
            # ncat reports this since 7.96; 7.93 exits with 0.
            assert program.ends(1).endswith(b"Ncat: Input/output error.\n")


def test_for_a_listening_ncat_any_end_is_a_clean_end(pem: Path, port: int) -> None:
    outcomes = []
    files = ("--ssl-cert", str(pem), "--ssl-key", str(pem))
    for command in ((*PYNC, "--as=ncat"), (needs("ncat"),)):
        with Program(*command, "-l", "--ssl", *files, "127.0.0.1", str(port)) as program:
            until(lambda: is_bound(port), "the listener", program)
            closes_without_close_notify(pem, port)
            said = program.rest(), program.ends(None)
            outcomes.append((*said, program.process.returncode))
    assert outcomes[0] == outcomes[1] == (b"half of it", b"", 0)


def test_ncat_gets_a_complete_file(pem: Path, port: int) -> None:
    files = ("--ssl-cert", str(pem), "--ssl-key", str(pem))
    with Program(needs("ncat"), "-l", "--ssl", *files, "127.0.0.1", str(port)) as theirs:
        until(lambda: is_bound(port), "ncat to listen", theirs)
        with pync("--ssl", "--ssl-trustfile", str(pem), "localhost", str(port)) as ours:
            ours.write(bytes(1_000_000))
            ours.end_input()
            assert theirs.read(1_000_000) == bytes(1_000_000)
            theirs.ends(0)
            ours.ends(None)
