"""Passing received bytes to h11: same events for any pieces, and little parsing at once."""

from __future__ import annotations

import h11
import pytest

from pync.layers.http_intake import INSIDE_CHUNK, LARGEST_HEAD, MOST_LINES, PIECE, Intake

CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
SIZED = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"

#: Bytes of a chunk that h11 does not get as one piece.
LONG = INSIDE_CHUNK + 2 * PIECE


class Counting(h11.Connection):
    """Records the size of each piece that it receives."""

    def __init__(self, role: type[h11.SERVER | h11.CLIENT] = h11.SERVER) -> None:
        super().__init__(role, max_incomplete_event_size=LARGEST_HEAD)
        self.given: list[int] = []

    def receive_data(self, data: bytes) -> None:
        self.given.append(len(data))
        super().receive_data(data)


def events(intake: Intake) -> list[h11.Event]:
    """Return all events that the received bytes yield."""
    found: list[h11.Event] = []
    while isinstance(event := intake.next_event(), h11.Event):
        found.append(event)
        if isinstance(event, h11.ConnectionClosed):
            break  # h11 returns it again for every call
    return found


def content(found: list[h11.Event]) -> bytes:
    return b"".join(bytes(event.data) for event in found if isinstance(event, h11.Data))


@pytest.mark.parametrize(
    "message",
    [
        SIZED % 5 + b"hello",
        SIZED % LONG + bytes(LONG),
        CHUNKED + b"5\r\nhello\r\n" * 2000 + b"0\r\nTrailer: t\r\n\r\n",
        CHUNKED + b"%x\r\n" % LONG + bytes(LONG) + b"\r\n0\r\n\r\n",
    ],
)
def test_events_do_not_depend_on_segmentation(message: bytes) -> None:
    whole, slowly = Intake(Counting()), Intake(Counting())
    whole.receive(message + b"next")
    found, piecemeal = events(whole), []
    for at in range(len(message)):
        slowly.receive(message[at : at + 1])
        piecemeal += events(slowly)
    assert type(found[-1]) is type(piecemeal[-1]) is h11.EndOfMessage
    assert content(found) == content(piecemeal) != b""
    assert (whole.rest, slowly.rest) == (b"next", b"")


def test_body_of_known_length_is_passed_on_unsplit() -> None:
    connection = Counting()
    intake = Intake(connection)
    intake.receive(SIZED % 300000)
    events(intake)
    intake.receive(bytes(300000) + b"GET / HTTP/1.1")
    assert len(content(events(intake))) == 300000
    assert max(connection.given) == 300000
    # The bytes after it must be parsed again.
    assert intake.rest == b"GET / HTTP/1.1"


def test_chunked_data_is_parsed_in_small_pieces() -> None:
    connection = Counting()
    intake = Intake(connection)
    intake.receive(CHUNKED + b"1\r\nx\r\n" * 50000)
    assert content(events(intake)) == b"x" * 50000
    assert max(connection.given) <= INSIDE_CHUNK


def test_eof_comes_after_all_other_events() -> None:
    intake = Intake(Counting())
    intake.receive(SIZED % 3 + b"a" * 2)
    intake.receive(b"")
    with pytest.raises(h11.RemoteProtocolError, match="without sending complete message body"):
        events(intake)
    answered = h11.Connection(h11.CLIENT)
    answered.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    answered.send(h11.EndOfMessage())
    response = Intake(answered)
    response.receive(b"HTTP/1.0 200 OK\r\n\r\n" + bytes(5000))
    response.receive(b"")
    found = events(response)
    assert isinstance(found[0], h11.Response)
    assert content(found) == bytes(5000)


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nHost: h\r\n", CHUNKED + b"0\r\n"])
def test_number_of_header_and_trailer_lines_is_limited(start: bytes) -> None:
    intake = Intake(Counting())
    intake.receive(start + b"a:b\r\n" * (MOST_LINES - 3) + b"\r\n")
    assert not isinstance(events(intake)[-1], h11.Data)
    intake = Intake(Counting())
    intake.receive(start + b"a:b\r\n" * (MOST_LINES + 3 * PIECE) + b"\r\n")
    with pytest.raises(h11.RemoteProtocolError, match="too many lines") as raised:
        events(intake)
    assert raised.value.error_status_hint == 431
