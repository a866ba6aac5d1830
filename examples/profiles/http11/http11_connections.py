"""How long a connection lasts, and which answers it carries: RFC 9112 section 9."""

from __future__ import annotations

from http11_messages import (
    goes_on,
    goes_on_or_ends,
    must_be,
    must_close,
    must_end,
    must_match,
    page,
    read_page,
    read_response,
    request,
)
from pync_conformance.api import Session, StreamProfile

CLOSE = b"Connection: close"


def declare_connections(http11: StreamProfile) -> None:
    """Declare the requirements on connections."""

    @http11.should(
        "close-said",
        "9112 9.6",
        "The answer to a request with Connection: close says Connection: close.",
    )
    def close_said(session: Session) -> None:
        peer = session.join()
        peer.send(page(session, CLOSE))
        response = read_page(session, peer)
        options = (response.field(b"connection") or b"").lower()
        if b"close" not in options:
            raise peer.violation("close-unsaid", "the answer does not say Connection: close")

    @http11.must(
        "close-last",
        "9112 9.6",
        "A request that follows one with Connection: close is not answered.",
    )
    def close_last(session: Session) -> None:
        peer = session.join()
        peer.send(page(session, CLOSE) + page(session))
        # Some servers treat further data as an error, and send an error in place of the answer.
        must_be(peer, read_response(peer), 200, 400)
        must_end(peer, "after the answer to the request with Connection: close")

    @http11.should(
        "persistent",
        "9112 9.3",
        "A connection of HTTP/1.1 persists: it takes one request after another.",
    )
    def persistent(session: Session) -> None:
        peer = session.join()
        for _ in range(5):
            peer.send(page(session))
            response = read_page(session, peer)
            if response.closes:
                raise peer.violation("not-persistent", "the server ends the connection unasked")
        session.serve(peer)

    @http11.must(
        "close-announced",
        "9112 9.3",
        "A server that does not let a connection persist says Connection: close.",
        needs=("get",),
    )
    def close_announced(session: Session) -> None:
        peer = session.join()
        peer.send(page(session))
        if read_page(session, peer).closes:
            must_close(session, peer, "that the server has announced")
            return
        session.serve(peer)

    @http11.must(
        "pipelined",
        "9112 9.3.2",
        "Requests that are sent without waiting are answered in their order.",
        needs=("close-announced",),
    )
    def pipelined(session: Session) -> None:
        peer = session.join()
        missing = request(session, b"GET " + session.parameters["missing"] + b" HTTP/1.1")
        peer.send(page(session) + page(session, method=b"HEAD") + page(session) + missing)
        for method in (b"GET", b"HEAD", b"GET"):
            goes_on(read_page(session, peer, method))
        response = read_response(peer)
        must_be(peer, response, 404, asked="the request for a page that does not exist")
        goes_on_or_ends(session, peer, response, "that the server has announced")

    @http11.must(
        "http10",
        "9112 6.1",
        "HTTP/1.0 is answered without Transfer-Encoding, and the connection ends (9.3).",
    )
    def http_1_0(session: Session) -> None:
        peer = session.join()
        peer.send(request(session, b"GET " + session.parameters["page"] + b" HTTP/1.0"))
        response = read_page(session, peer)
        if response.field(b"transfer-encoding") is not None:
            raise peer.violation("coded-for-1.0", "Transfer-Encoding is in an answer to HTTP/1.0")
        must_close(session, peer, "after an answer to HTTP/1.0")

    @http11.should(
        "version",
        "9110 6.2",
        "The version of an answer is the server's own, even if the request says HTTP/1.0.",
        needs=("http10",),
    )
    def version(session: Session) -> None:
        said = []
        for asked in (b"1.1", b"1.0"):
            peer = session.join()
            line = b"GET " + session.parameters["page"] + b" HTTP/" + asked
            peer.send(request(session, line, CLOSE))
            said.append(read_page(session, peer).version)
        must_match(peer, said[1], said[0], "the version in the answer to HTTP/1.0")

    @http11.should(
        "client-fin",
        "9112 9.5",
        "If a client ends its side after an answer, the server ends the connection.",
        needs=("close-announced",),
    )
    def client_fin(session: Session) -> None:
        peer = session.join()
        peer.send(page(session))
        goes_on(read_page(session, peer))
        peer.send_eof()
        peer.expect_eof("the end of the connection, after the client's FIN,")

    @http11.must(
        "own-answers",
        "9112 9.2",
        "Each connection gets the answers to its own requests, and no others.",
        needs=("close-announced",),
    )
    def own_answers(session: Session) -> None:
        missing = request(session, b"GET " + session.parameters["missing"] + b" HTTP/1.1")
        one, other = session.join(), session.join()
        for _ in range(3):
            one.send(page(session))
            other.send(missing)
            response = read_response(other)
            must_be(other, response, 404, asked="the request for a page that does not exist")
            goes_on(read_page(session, one))
            if response.closes:
                other.close()
                other = session.join()
        session.serve(one)
        session.serve(other)
