"""Requests of every form: those that a server must understand, and those that it must refuse."""

from __future__ import annotations

from http11_messages import (
    goes_on,
    must_be,
    must_close,
    must_end,
    page,
    read_page,
    read_response,
    request,
)
from pync_conformance.api import Session, StreamProfile

#: The longest target to try, the size of the pieces, and the seconds to wait for an answer after
#: each: a server that refuses must not have much unread input, or its close sends RST.
LONGEST, PIECE, TURN = 160 * 1024, 1024, 0.01

#: Octets of a request line that every server should accept (RFC 9112 3).
RECOMMENDED = 8000


def declare_requests(http11: StreamProfile) -> None:
    """Declare the requirements on requests without content."""
    _declare_understood(http11)
    _declare_targets(http11)
    _declare_refused(http11)


def _declare_understood(http11: StreamProfile) -> None:
    @http11.must(
        "field-case",
        "9110 5.1",
        "Names of fields, and connection options (7.6.1), are not case-sensitive.",
    )
    def field_case(session: Session) -> None:
        text = page(session, b"cONNECTION: cLOSE").replace(b"Host:", b"hOST:")
        _closes_after(session, text, "after cONNECTION: cLOSE")

    @http11.must(
        "optional-space",
        "9112 5",
        "Around the value of a field any blanks and tabs may stand, or none.",
    )
    def optional_space(session: Session) -> None:
        text = page(session, b"Connection: \t close\t ").replace(b"Host: ", b"Host:")
        _closes_after(session, text, "after Connection: close with blanks around close")

    @http11.must(
        "connection-list",
        "9110 7.6.1",
        "Connection is a list of options: close may stand beside others.",
    )
    def connection_list(session: Session) -> None:
        text = page(session, b"Connection: x-other, close")
        _closes_after(session, text, "after Connection: x-other, close")

    @http11.should(
        "empty-line",
        "9112 2.2",
        "An empty line before the request line is ignored.",
    )
    def empty_line(session: Session) -> None:
        peer = session.join()
        peer.send(b"\r\n" + page(session))
        goes_on(read_page(session, peer))
        peer.send(b"\r\n")
        session.serve(peer)

    @http11.should(
        "unknown-method",
        "9110 9.1",
        "A method that the server does not know is answered by 501, or 405.",
    )
    def unknown_method(session: Session) -> None:
        _no_method(session, b"BREW")

    @http11.should(
        "method-case",
        "9110 9.1",
        "Methods are case-sensitive: get is an unknown method, not GET.",
    )
    def method_case(session: Session) -> None:
        _no_method(session, b"get")

    @http11.must(
        "allow",
        "9110 15.5.6",
        "405 lists the supported methods in Allow.",
    )
    def allow(session: Session) -> None:
        for method in (b"POST", b"DELETE", b"BREW", b"TRACE"):
            peer = session.join()
            text = page(session, b"Content-Length: 0", b"Connection: close", method=method)
            peer.send(text)
            response = read_response(peer)
            if response.status == 405 and response.field(b"allow") is None:
                said = f"405 to {method.decode()} has no Allow"
                raise peer.violation("no-allow", said)


def _no_method(session: Session, method: bytes) -> None:
    peer = session.join()
    peer.send(page(session, b"Connection: close", method=method))
    must_be(peer, read_response(peer), 501, 405, asked=f"the method {method.decode()}")


def _declare_targets(http11: StreamProfile) -> None:
    @http11.must(
        "absolute-form",
        "9112 3.2.2",
        "A request target with scheme and host is accepted.",
    )
    def absolute_form(session: Session) -> None:
        peer = session.join()
        host, path = session.parameters["host"], session.parameters["page"]
        line = b"GET http://" + host + path + b" HTTP/1.1"
        peer.send(request(session, line, b"Connection: close"))
        read_page(session, peer)

    @http11.should(
        "options-star",
        "9110 9.3.7",
        "OPTIONS * is about the server: 2xx, or 405 or 501 (9.1) where there are no OPTIONS.",
    )
    def options_star(session: Session) -> None:
        peer = session.join()
        peer.send(request(session, b"OPTIONS * HTTP/1.1", b"Connection: close"))
        must_be(peer, read_response(peer), 200, 204, 405, 501, asked="OPTIONS *")

    @http11.should(
        "long-line",
        "9112 3",
        f"A request line of {RECOMMENDED} octets is understood.",
    )
    def long_line(session: Session) -> None:
        peer = session.join()
        line = b"GET " + session.parameters["page"] + b"? HTTP/1.1"
        query = b"x" * (RECOMMENDED - len(line))
        peer.send(request(session, line.replace(b"?", b"?" + query), b"Connection: close"))
        response = read_response(peer)
        must_be(peer, response, 200, 404, asked=f"a request line of {RECOMMENDED} octets")

    @http11.must(
        "uri-too-long",
        "9112 3",
        "A request target that is longer than the server parses is answered by 414.",
    )
    def uri_too_long(session: Session) -> None:
        peer = session.join()
        peer.send(b"GET " + session.parameters["page"] + b"?")
        for _ in range(LONGEST // PIECE):
            peer.send(b"x" * PIECE)
            peer.poll(TURN)
            if peer.pending or peer.ended:
                response = read_response(peer)
                must_be(peer, response, 414, asked="a target that has no end yet")
                return
        peer.send(request(session, b" HTTP/1.1", b"Connection: close"))
        asked = f"a target of {LONGEST} octets"
        must_be(peer, read_response(peer), 414, 200, 404, asked=asked)


def _declare_refused(http11: StreamProfile) -> None:
    def refused(
        session: Session, text: bytes, asked: str, *allowed: int, then_ends: bool = False
    ) -> None:
        peer = session.join()
        peer.send(text)
        must_be(peer, read_response(peer), *(allowed or (400,)), asked=asked)
        if then_ends:
            must_end(peer, f"after the answer to {asked}")

    def line(session: Session, *fields: bytes) -> bytes:
        first = b"GET " + session.parameters["page"] + b" HTTP/1.1"
        return b"\r\n".join([first, *fields, b"", b""])

    @http11.must("no-host", "9112 3.2", "A request without Host is answered by 400.")
    def no_host(session: Session) -> None:
        refused(session, line(session), "a request without Host")

    @http11.must("two-hosts", "9112 3.2", "A request with two Host lines is answered by 400.")
    def two_hosts(session: Session) -> None:
        host = b"Host: " + session.parameters["host"]
        refused(session, line(session, host, host), "a request with two Host lines")
        other = line(session, host, b"Host: example.org")
        refused(session, other, "a request with two different hosts")

    @http11.must("bad-host", "9112 3.2", "A Host that is not one is answered by 400.")
    def bad_host(session: Session) -> None:
        for value in (b"local host", b"localhost/x"):
            shown = value.decode()
            refused(session, line(session, b"Host: " + value), f"Host: {shown}")

    @http11.must(
        "space-before-colon",
        "9112 5.1",
        "A blank between the name of a field and its colon is answered by 400.",
    )
    def space_before_colon(session: Session) -> None:
        text = page(session, b"Accept : */*")
        refused(session, text, "a field with a blank before its colon")

    @http11.must(
        "obs-fold",
        "9112 5.2",
        "A field that goes on in the next line is refused by 400, or read as one line.",
        needs=("connection-list",),
    )
    def obs_fold(session: Session) -> None:
        peer = session.join()
        peer.send(page(session, b"Connection: x-other,\r\n close"))
        response = read_response(peer)
        must_be(peer, response, 400, 200, asked="a field of two lines")
        if response.status == 200:
            # Read as one line it asks for the end: a line that is dropped asks for none.
            must_close(session, peer, "after Connection: x-other, close in two lines")

    @http11.must(
        "space-first",
        "9112 2.2",
        "A line with a blank before the first field is refused, or ignored.",
    )
    def space_first(session: Session) -> None:
        peer = session.join()
        host = b"Host: " + session.parameters["host"]
        peer.send(line(session, b" Connection: close", host))
        response = read_response(peer)
        must_be(peer, response, 400, 200, asked="a blank before the first field")
        if response.status == 200:
            goes_on(response)
            session.serve(peer)

    @http11.must(
        "bare-cr",
        "9112 2.2",
        "A CR without LF is invalid, or a blank: no field ends by it.",
    )
    def bare_cr(session: Session) -> None:
        text = line(session, b"Host: " + session.parameters["host"] + b"\rX: y")
        refused(session, text, "a Host with a CR in it")

    @http11.must(
        "nul",
        "9110 5.5",
        "A NUL in a field is refused, or a blank: no field ends by it.",
    )
    def nul(session: Session) -> None:
        text = line(session, b"Host: " + session.parameters["host"] + b"\0x")
        refused(session, text, "a Host with a NUL in it")

    @http11.should(
        "bad-request-line",
        "9112 3",
        "A request line that is not one is answered by 400.",
    )
    def bad_request_line(session: Session) -> None:
        path = session.parameters["page"]
        for words in (b"GET " + path + b" HTTP/1.1 x", b"GET " + path + b" HTTQ/1.1", b"GET"):
            text = request(session, words)
            refused(session, text, f"the request line {words.decode()!r}", 400, 301)

    @http11.should(
        "not-http",
        "9112 2.2",
        "Octets that are not a request are answered by 400, and the connection ends.",
    )
    def not_http(session: Session) -> None:
        text = b"\x16\x03\x01\x00\x05hello\r\n\r\n"
        refused(session, text, "octets that are not a request", then_ends=True)


def _closes_after(session: Session, text: bytes, why: str) -> None:
    """Check that a request is answered by the page, and by the end of the connection."""
    peer = session.join()
    peer.send(text)
    read_page(session, peer)
    must_close(session, peer, why)
