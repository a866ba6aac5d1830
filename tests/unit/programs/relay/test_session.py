"""How a relay passes on data, closing and resets, for every pair of transports."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from pync.core.broken import TruncatedError
from pync.dialects.pync import joining
from pync.engine import relay, waiting
from pync.engine.protocols import break_off
from pync.transports.conn import StreamConn

from ....systems import UNDER_WINE, needs_rst
from .conftest import SIDES, Join, Sides

near = pytest.mark.parametrize("near", SIDES)
far = pytest.mark.parametrize("far", SIDES)

#: Transports that can be reset; Unix sockets have no RST.
RESETTING = SIDES[:2]

#: More data than all buffers hold.
MUCH = bytes(range(256)) * 4096 * 8


def breaks(conn: StreamConn) -> str:
    """Return how an aborted connection ends for its reader."""
    try:
        while conn.recv():
            pass
    except TruncatedError:
        return "truncated"
    except ConnectionError:
        return "reset"
    return "end"


def is_aborted(conn: StreamConn, scheme: str) -> bool:
    """Return whether the connection was aborted, as far as its transport can show it."""
    if UNDER_WINE:
        pytest.skip("Wine passes no RST on")
    if scheme == "vsock":
        return breaks(conn) in ("end", "reset")  # unread data makes it an RST
    return breaks(conn) == ("end" if scheme == "unix" else "reset")


@near
@far
def test_client_eof_is_passed_on_and_the_answer_arrives(join: Join, near: str, far: str) -> None:
    sides = join(near, far)
    sides.client.send_all(b"question")
    sides.client.send_eof()
    assert sides.server.recv_exactly(8) == b"question"
    if far == "tls":
        # The close_notify is held back until the server has answered, or is silent.
        sides.server.send_all(b"late answer")
        sides.server.send_eof()
        assert sides.server.recv() == b""
    else:
        assert sides.server.recv() == b""
        sides.server.send_all(b"late answer")
        sides.server.send_eof()
    assert sides.client.recv_all() == b"late answer"
    sides.client.close()
    sides.server.close()
    assert sides.ends() == 0


@near
@far
def test_server_eof_is_passed_on_and_the_client_can_still_send(
    join: Join, near: str, far: str
) -> None:
    sides = join(near, far)
    sides.server.send_all(b"greeting")
    sides.server.send_eof()
    assert sides.client.recv_all() == b"greeting"
    sides.client.send_all(b"more")
    sides.client.send_eof()
    assert sides.server.recv_all() == b"more"
    sides.client.close()
    sides.server.close()
    assert sides.ends() == 0


@pytest.mark.parametrize("near", RESETTING)
@far
def test_client_reset_is_passed_on_after_its_data(join: Join, near: str, far: str) -> None:
    sides = join(near, far)
    sides.client.send_all(b"last words")
    assert sides.server.recv_exactly(10) == b"last words"
    break_off(sides.client)
    assert is_aborted(sides.server, far)
    assert sides.ends() == 1


@near
@pytest.mark.parametrize("far", RESETTING)
def test_server_reset_is_passed_on_after_its_data(join: Join, near: str, far: str) -> None:
    sides = join(near, far)
    sides.server.send_all(b"last words")
    break_off(sides.server)
    assert sides.client.recv_exactly(10) == b"last words"
    assert is_aborted(sides.client, near)
    assert sides.ends() == 1


@near
@pytest.mark.parametrize("far", RESETTING)
def test_server_reset_after_client_eof(join: Join, near: str, far: str) -> None:
    sides = join(near, far)
    sides.client.send_all(b"question")
    sides.client.send_eof()
    assert sides.server.recv_exactly(8) == b"question"
    break_off(sides.server)
    assert is_aborted(sides.client, near)
    assert sides.ends() == 1


@needs_rst
@pytest.mark.parametrize("near", SIDES[:1])
@far
def test_client_reset_after_its_eof_is_detected(
    join: Join, near: str, far: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "AWAITING_ANSWER", 0.05)
    monkeypatch.setattr(relay, "RESET_LOOK", 0.01)
    monkeypatch.setattr(waiting, "RESET_LOOK", 0.01)
    sides = join(near, far)
    sides.client.send_eof()
    assert sides.server.recv() == b""
    break_off(sides.client)
    assert sides.ends() == 1


@near
@pytest.mark.parametrize("far", SIDES[1:2])
def test_server_eof_without_close_notify_is_not_passed_on_as_eof(
    join: Join, near: str, far: str
) -> None:
    sides = join(near, far)
    sides.server.send_all(b"half an ans")
    assert sides.client.recv_exactly(11) == b"half an ans"
    sides.server.drop()
    assert is_aborted(sides.client, near)
    assert sides.ends() == 1


@pytest.mark.parametrize("near", SIDES[1:2])
@far
def test_client_eof_without_close_notify_is_not_passed_on_as_eof(
    join: Join, near: str, far: str
) -> None:
    sides = join(near, far)
    sides.client.send_all(b"half a quest")
    assert sides.server.recv_exactly(12) == b"half a quest"
    sides.client.drop()
    assert is_aborted(sides.server, far)
    assert sides.ends() == 1


@near
@far
@pytest.mark.parametrize("side", ["client", "server"])
def test_side_is_killed_with_unread_data(join: Join, near: str, far: str, side: str) -> None:
    """The kernel sends RST; on a Unix socket the result is also an error (ECONNRESET)."""
    sides = join(near, far)
    killed, other, scheme = _chosen(sides, near, far, side)
    other.send_all(b"unread")
    assert killed.socket.recv(1, socket.MSG_PEEK)
    killed.socket.close()
    assert is_aborted(other, scheme)
    assert sides.ends() == 1


@near
@far
@pytest.mark.parametrize("side", ["client", "server"])
def test_side_is_killed_without_unread_data(
    join: Join, near: str, far: str, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel sends FIN, and RST after later data. With TLS, close_notify is missing."""
    monkeypatch.setattr(joining, "AWAITING_ANSWER", 0.05)
    sides = join(near, far)
    killed, other, scheme = _chosen(sides, near, far, side)
    killed.send_all(b"last words")
    assert other.recv_exactly(10) == b"last words"
    killed.socket.close()
    if (near if side == "client" else far) == "tls":
        assert is_aborted(other, scheme)
    else:
        assert other.recv() == b""
        with suppress(ConnectionError, BrokenPipeError, TruncatedError):
            while True:
                other.send_all(b"nobody reads this")
        other.close()
    assert sides.ends() == 1


def _chosen(sides: Sides, near: str, far: str, side: str) -> tuple[StreamConn, StreamConn, str]:
    """Return the killed side, the other side, and the transport of the other side."""
    if side == "client":
        return sides.client, sides.server, far
    return sides.server, sides.client, near


@near
@far
def test_idle_timeout_is_not_passed_on_as_eof(join: Join, near: str, far: str) -> None:
    sides = join(near, far, "--idle-timeout=0.1")
    assert is_aborted(sides.client, near)
    assert is_aborted(sides.server, far)
    status, _, said = sides.relay.ends()
    assert (status, "idle for 0.1 s" in said) == (1, True)


def say(conn: StreamConn) -> None:
    conn.send_all(MUCH)
    conn.send_eof()


@near
@far
def test_large_data_in_both_directions(join: Join, near: str, far: str) -> None:
    sides = join(near, far)
    sides.server.settimeout(30)
    sides.client.settimeout(30)
    heard: dict[str, bytes] = {}

    def exchange(name: str, conn: StreamConn) -> None:
        sending = threading.Thread(target=say, args=(conn,))
        sending.start()
        heard[name] = conn.recv_all()
        sending.join()

    other = threading.Thread(target=exchange, args=("server", sides.server))
    other.start()
    exchange("client", sides.client)
    other.join()
    assert heard["client"] == heard["server"] == MUCH
    sides.client.close()
    sides.server.close()
    assert sides.ends() == 0


@pytest.mark.parametrize(("near", "far"), [("sctp", "tcp"), ("tcp", "sctp"), ("sctp", "vsock")])
def test_sctp_server_ends(join: Join, near: str, far: str) -> None:
    """An association ends in both directions, so it is ended after the answer of the server."""
    sides = join(near, far)
    sides.client.send_all(b"question")
    assert sides.server.recv_exactly(8) == b"question"
    sides.server.send_all(b"answer")
    sides.server.send_eof()
    assert sides.client.recv_all() == b"answer"
    sides.client.close()
    assert sides.server.recv() == b""
    sides.server.close()
    assert sides.ends() == 0


@near
def test_client_eof_waits_for_the_answer_of_an_sctp_server(join: Join, near: str) -> None:
    sides = join(near, "sctp")
    sides.client.send_all(b"question")
    sides.client.send_eof()
    assert sides.server.recv_exactly(8) == b"question"
    sides.server.send_all(b"late answer")
    sides.server.send_eof()
    assert sides.client.recv_all() == b"late answer"
    sides.client.close()
    sides.server.close()
    assert sides.ends() == 0
