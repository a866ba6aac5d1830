"""HTTP/1.1 of a web server: RFC 9112, and the parts of RFC 9110 that its messages show.

Answers and their framing are here, connections (persistence, pipelining, the end) in
http11_connections.py, requests in http11_requests.py, requests with content in
http11_content.py. README.md says which two files the server has to offer, and how another server
is judged.
"""

from __future__ import annotations

import re

from http11_connections import CLOSE, declare_connections
from http11_content import declare_content
from http11_messages import (
    goes_on,
    goes_on_or_ends,
    must_be,
    must_end,
    must_match,
    page,
    read_page,
    read_response,
    request,
)
from http11_requests import declare_requests
from pync_conformance.api import (
    NotJudged,
    Peer,
    Session,
    StreamProfile,
    every_stream_service,
)

#: HTTP-date as it must be generated (RFC 9110 5.6.7).
IMF_FIXDATE = re.compile(
    rb"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d "
    rb"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"
)


#: Seconds in which a server reads what has come; no verdict depends on it.
A_TURN = 0.05


def open_(session: Session, peer: Peer) -> None:
    """Do nothing: the client speaks first."""


def serve(session: Session, peer: Peer) -> None:
    """Request one page and the end of the connection."""
    peer.send(page(session, CLOSE))
    read_page(session, peer)
    peer.expect_eof("the end of the connection, which the client asked for,")


def stall(session: Session, peer: Peer) -> None:
    """Request more than the sockets hold, and read nothing."""
    path = session.parameters["bytes"] or session.parameters["page"]
    peer.send(request(session, b"GET " + path + b" HTTP/1.1") * 16)


http11 = StreamProfile(
    "http11",
    title="a web server: HTTP/1.1 messages and connections (RFC 9112, RFC 9110)",
    spec="RFC",
    parameters={
        "host": b"localhost",
        "page": b"/hello.txt",
        "content": b"Hello, world!\n",
        "bytes": b"/bytes.bin",
        "missing": b"/missing.txt",
    },
    first_input=b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    half_input=b"GET / HTTP/1.1\r\nHost: loc",
    open=open_,
    serve=serve,
    stall=stall,
    base=("get", "close"),
    leavers=("client-fin",),
)


@http11.must(
    "get",
    "9112 4",
    "GET is answered by a status line, fields and the content, as the grammar requires.",
    needs=("next-client",),
)
def get(session: Session) -> None:
    peer = session.join()
    peer.send(page(session))
    read_page(session, peer)


@http11.must(
    "close",
    "9112 9.6",
    "After the answer to a request with Connection: close the server ends the connection.",
    needs=("get",),
)
def close(session: Session) -> None:
    session.serve(session.join())


@http11.must(
    "segments",
    "9112 2.2",
    "A request that arrives byte by byte is answered like one that arrives at once.",
)
def segments(session: Session) -> None:
    text = page(session, CLOSE)
    peer = session.join()
    peer.send(text[:9])
    # The server may have read it by then, and has to wait for the rest.
    peer.poll(A_TURN)
    peer.expect_nothing_yet("the rest of the request")
    peer.send_segments(text[at : at + 1] for at in range(9, len(text)))
    read_page(session, peer)
    must_end(peer, "which the client asked for")


@http11.must(
    "content",
    "9112 6.3",
    "Content of 1 MiB, with every byte, arrives whole before the connection ends.",
)
def content(session: Session) -> None:
    path = session.parameters["bytes"]
    if not path:
        raise NotJudged("bytes is empty: there is no file of known bytes")
    peer = session.join()
    peer.send(request(session, b"GET " + path + b" HTTP/1.1", CLOSE))
    response = read_response(peer)
    must_be(peer, response, 200)
    must_match(peer, response.content, bytes(range(256)) * 4096, "the content")
    peer.expect_eof()


@http11.must(
    "head",
    "9110 9.3.2",
    "The answer to HEAD has no content.",
    needs=("close-announced",),
)
def head(session: Session) -> None:
    peer = session.join()
    peer.send(page(session, method=b"HEAD"))
    goes_on(read_page(session, peer, b"HEAD"))
    session.serve(peer)


@http11.must(
    "head-missing",
    "9110 9.3.2",
    "The answer to HEAD has no content even if it is an error.",
    needs=("head",),
)
def head_missing(session: Session) -> None:
    peer = session.join()
    peer.send(request(session, b"HEAD " + session.parameters["missing"] + b" HTTP/1.1"))
    response = read_response(peer, b"HEAD")
    must_be(peer, response, 404, asked="HEAD of a page that does not exist")
    goes_on_or_ends(session, peer, response, "after the header")


@http11.must(
    "head-length",
    "9110 8.6",
    "Content-Length in the answer to HEAD is that of the answer to GET.",
    needs=("head",),
)
def head_length(session: Session) -> None:
    peer = session.join()
    peer.send(page(session, CLOSE, method=b"HEAD"))
    length = read_page(session, peer, b"HEAD").field(b"content-length")
    if length is None:
        return
    peer = session.join()
    peer.send(page(session, CLOSE))
    real = b"%d" % len(read_page(session, peer).content)
    must_match(peer, length, real, "Content-Length of the answer to HEAD")


@http11.must(
    "date",
    "9110 6.6.1",
    "An answer has a Date, in the one form that may be generated (5.6.7).",
)
def date(session: Session) -> None:
    for path in (session.parameters["page"], session.parameters["missing"]):
        peer = session.join()
        peer.send(request(session, b"GET " + path + b" HTTP/1.1", CLOSE))
        said = read_response(peer).field(b"date")
        if said is None or not IMF_FIXDATE.fullmatch(said):
            shown = "no Date" if said is None else f"Date: {said.decode('latin-1')}"
            raise peer.violation("bad-date", f"the answer for {path.decode()} has {shown}")


@http11.must(
    "not-modified",
    "9110 15.4.5",
    "304 has no content.",
    needs=("close-announced",),
)
def not_modified(session: Session) -> None:
    peer = session.join()
    peer.send(page(session))
    response = read_page(session, peer)
    changed = response.field(b"last-modified")
    if changed is None:
        raise NotJudged("the page has no Last-Modified")
    goes_on(response)
    peer.send(page(session, b"If-Modified-Since: " + changed))
    response = read_response(peer)
    must_be(peer, response, 304, 200)
    goes_on(response)
    session.serve(peer)


declare_connections(http11)
declare_requests(http11)
declare_content(http11)
every_stream_service(http11)
