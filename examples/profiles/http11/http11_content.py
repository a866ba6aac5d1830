"""Requests with content: the next request begins where the content ends."""

from __future__ import annotations

from http11_messages import (
    Response,
    must_be,
    must_end,
    page,
    read_page,
    read_response,
    request,
)
from pync_conformance.api import DATA, Peer, Session, StreamProfile


def declare_content(http11: StreamProfile) -> None:
    """Declare the requirements on requests with content."""
    _declare_framing(http11)
    _declare_bad_lengths(http11)
    _declare_continue(http11)


def post(session: Session, *fields: bytes, content: bytes = b"") -> bytes:
    """Return a POST request, which the server may allow or refuse."""
    line = b"POST " + session.parameters["page"] + b" HTTP/1.1"
    return request(session, line, *fields, content=content)


def get(session: Session, *fields: bytes, content: bytes) -> bytes:
    """Return a GET request with content, for clauses that do not depend on the method."""
    line = b"GET " + session.parameters["page"] + b" HTTP/1.1"
    return request(session, line, *fields, content=content)


def hidden(session: Session) -> bytes:
    """Return content that looks like a request: if it is read as one, the server answers it."""
    return request(session, b"GET " + session.parameters["missing"] + b" HTTP/1.1")


def next_is_answered(session: Session, peer: Peer, response: Response) -> None:
    """Check that the next answer is the requested page, or that the connection ends."""
    if not response.closes and not peer.pending and not peer.ended:
        peer.poll(peer.deadline)
    if response.closes or (peer.ended and not peer.pending):
        must_end(peer, "after the answer to a request with content")
        return
    read_page(session, peer)


def _declare_framing(http11: StreamProfile) -> None:
    @http11.must(
        "length",
        "9112 9.3",
        "Content with a Content-Length is read whole, or the connection ends.",
    )
    def length(session: Session) -> None:
        content = hidden(session)
        peer = session.join()
        text = post(session, b"Content-Length: %d" % len(content), content=content)
        peer.send(text + page(session))
        next_is_answered(session, peer, read_response(peer))

    @http11.must(
        "get-content",
        "9112 9.3",
        "Content of a GET, where it has no meaning, is read too, or the connection ends.",
    )
    def get_content(session: Session) -> None:
        content = hidden(session)
        peer = session.join()
        text = get(session, b"Content-Length: %d" % len(content), content=content)
        peer.send(text + page(session))
        next_is_answered(session, peer, read_response(peer))

    @http11.must("chunked", "9112 7.1", "Chunked content is read chunk by chunk.")
    def chunked(session: Session) -> None:
        content = hidden(session)
        chunks = b"%x\r\n%b\r\n5\r\nhello\r\n0\r\n\r\n" % (len(content), content)
        _ask_chunked(session, chunks)

    @http11.must(
        "chunk-extensions", "9112 7.1.1", "Chunk extensions that are not known are ignored."
    )
    def chunk_extensions(session: Session) -> None:
        _ask_chunked(session, b'5;a=b;c="d e"\r\nhello\r\n0;last\r\n\r\n')

    @http11.must("trailers", "9112 7.1.2", "The trailer section belongs to the content.")
    def trailers(session: Session) -> None:
        _ask_chunked(session, b"5\r\nhello\r\n0\r\nX-One: 1\r\nX-Two: 2\r\n\r\n")

    @http11.must(
        "chunk-size",
        "9112 7.1",
        "A chunk size that is larger than every integer is not read as a small one.",
    )
    def chunk_size(session: Session) -> None:
        peer = session.join()
        chunks = b"1000000000000000A\r\n0123456789\r\n0\r\n\r\n"
        text = post(session, b"Transfer-Encoding: chunked", content=chunks)
        peer.send(text + hidden(session))
        peer.send_eof()
        answers = 0
        while peer.ended is None and peer.poll(peer.deadline) == DATA:
            pass
        while peer.pending:
            read_response(peer)
            answers += 1
        if answers > 1:
            said = "the server took a chunk of 16^16 + 10 bytes for one of 10, and answered on"
            raise peer.violation("chunk-overflow", said)


def _ask_chunked(session: Session, chunks: bytes) -> None:
    peer = session.join()
    text = post(session, b"Transfer-Encoding: chunked", content=chunks)
    peer.send(text + page(session))
    response = read_response(peer)
    if response.status == 400:
        must_be(peer, response, 405, asked="chunked content")
    next_is_answered(session, peer, response)


def _declare_bad_lengths(http11: StreamProfile) -> None:
    def refused(session: Session, text: bytes, asked: str, *allowed: int) -> None:
        peer = session.join()
        peer.send(text)
        must_be(peer, read_response(peer), *allowed, asked=asked)
        must_end(peer, f"after the answer to {asked}")

    @http11.must(
        "bad-length",
        "9112 6.3",
        "An invalid Content-Length is answered by 400, and the connection ends.",
    )
    def bad_length(session: Session) -> None:
        for value in (b"5x", b"-1", b"+5", b"5, 6"):
            text = get(session, b"Content-Length: " + value, content=b"hello")
            refused(session, text, f"Content-Length: {value.decode()}", 400)

    @http11.must(
        "two-lengths",
        "9112 6.3",
        "Two Content-Length lines that differ are answered by 400, and the connection ends.",
    )
    def two_lengths(session: Session) -> None:
        text = get(session, b"Content-Length: 5", b"Content-Length: 6", content=b"hello!")
        refused(session, text, "two lengths that differ", 400)

    @http11.must(
        "length-and-coding",
        "9112 6.1",
        "After a request with Content-Length and Transfer-Encoding the connection ends.",
    )
    def length_and_coding(session: Session) -> None:
        peer = session.join()
        both = (b"Content-Length: 5", b"Transfer-Encoding: chunked")
        peer.send(get(session, *both, content=b"0\r\n\r\n") + page(session))
        read_response(peer)
        must_end(peer, "after the answer to a request with both lengths")

    @http11.must(
        "chunked-not-last",
        "9112 6.3",
        "Where chunked is not the last coding the answer is 400 (or 501), and the connection ends.",
    )
    def chunked_not_last(session: Session) -> None:
        text = get(session, b"Transfer-Encoding: chunked, gzip", content=b"0\r\n\r\n")
        refused(session, text, "Transfer-Encoding: chunked, gzip", 400, 501)

    @http11.should(
        "unknown-coding",
        "9112 6.1",
        "A transfer coding that the server does not know is answered by 501.",
    )
    def unknown_coding(session: Session) -> None:
        peer = session.join()
        field = b"Transfer-Encoding: brew, chunked"
        peer.send(get(session, field, content=b"0\r\n\r\n"))
        must_be(peer, read_response(peer), 501, asked="Transfer-Encoding: brew, chunked")


def _declare_continue(http11: StreamProfile) -> None:
    expects = (b"Expect: 100-continue", b"Content-Length: 5")

    @http11.must(
        "continue",
        "9110 10.1.1",
        "Expect: 100-continue is answered before the content comes, by 100 or a final status.",
    )
    def continue_(session: Session) -> None:
        peer = session.join()
        peer.send(post(session, *expects))
        response = read_response(peer, interim=True)
        if response.status < 200:
            must_be(peer, response, 100, asked="Expect: 100-continue")
            peer.send(b"hello")
            response = read_response(peer)
        elif not response.closes:
            peer.send(b"hello")
        if not response.closes:
            peer.send(page(session))
            next_is_answered(session, peer, response)

    @http11.must(
        "continue-close",
        "9112 9.6",
        "An answer that says Connection: close in place of 100 is followed by the end.",
        needs=("continue",),
    )
    def continue_close(session: Session) -> None:
        peer = session.join()
        peer.send(post(session, *expects))
        response = read_response(peer, interim=True)
        if response.closes:
            must_end(peer, "that the server has announced")

    @http11.must(
        "continue-http10",
        "9110 10.1.1",
        "Expect: 100-continue of HTTP/1.0 is ignored.",
        needs=("continue", "http10"),
    )
    def continue_1_0(session: Session) -> None:
        peer = session.join()
        line = b"POST " + session.parameters["page"] + b" HTTP/1.0"
        peer.send(request(session, line, *expects, content=b"hello"))
        response = read_response(peer, interim=True)
        if response.status < 200:
            raise peer.violation("interim-for-1.0", "100 came to a client of HTTP/1.0")
