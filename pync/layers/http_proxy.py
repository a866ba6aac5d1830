"""An HTTP proxy between one client and the origins that it asks for (RFC 9110, RFC 9112). Pure.

Bytes of both sides go in, bytes for both sides come out; h11 reads and writes the messages.
The whole head of a request is read, then checked, then its destination is dialled:

    READING -> DIALLING -> FORWARDING -> READING ...    a request and its response
    READING -> DIALLING -> TUNNELLING                   CONNECT: bytes are not parsed any more
    READING -> HOLDING -> READING                       a wrong password: the answer is delayed
    any     -> CLOSING                                  the rest is sent, then the connection ends
    any     -> BROKEN                                   the client must notice that bytes are lost

Ambiguous messages are refused, because they allow request smuggling (RFC 9112 11.2).
An origin gets one request on a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import h11

from .http_auth import Judge
from .http_intake import Intake, connection
from .http_message import (
    REASONS,
    Destination,
    Refused,
    answer,
    check_framing,
    check_guard,
    check_hops,
    for_client,
    for_origin,
    has_body,
    values,
    where_to,
)
from .http_tunnel import OPEN

READING = "reading"
DIALLING = "dialling"
HOLDING = "holding"
FORWARDING = "forwarding"
TUNNELLING = "tunnelling"
CLOSING = "closing"
BROKEN = "broken"

#: Statuses of refusals after which the next request can still be parsed.
_HARMLESS = (200, 403, 405, 407, 502, 504)


class Intermediary:
    """The proxy for one client's connection.

    Arguments:
        guard: checks the client's login; None: no login.
        date: returns the current time in the form of the Date header.
        name: the proxy's name in Via.
        enough: called after each event; once it is true, the next event waits for ``go_on``.
    """

    def __init__(
        self,
        guard: Judge | None,
        date: Callable[[], bytes],
        name: bytes = b"pync",
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        self.state = READING
        #: The destination to dial, while DIALLING.
        self.wanted = Destination("", 0)
        #: The cause of CLOSING or BROKEN; ``""`` without an error.
        self.failure = ""
        self._guard = guard
        self._date = date
        self._name = name
        #: Whether received bytes wait to be parsed by ``go_on``.
        self.unfinished = False
        self._enough = enough
        self._client = connection(h11.SERVER)
        self._from_client = Intake(self._client)
        self._request: h11.Request | None = None
        self._held: Refused | None = None
        self._target = b""
        self._to_client: list[bytes] = []
        self._to_origin: list[bytes] = []
        self._answered = self._heard_all = False

    # Bytes out.

    def for_client(self) -> bytes:
        """Return the bytes to send to the client."""
        data, self._to_client = b"".join(self._to_client), []
        return data

    def for_origin(self) -> bytes:
        """Return the bytes to send to the origin; when TUNNELLING, the client's first bytes."""
        data, self._to_origin = b"".join(self._to_origin), []
        return data

    @property
    def hears_client(self) -> bool:
        """Whether bytes of the client are parsed in this state."""
        return self.state == READING or (self.state == FORWARDING and not self._heard_all)

    # The client.

    def receive(self, data: bytes) -> None:
        """Handle bytes from the client; ``b""`` is its end."""
        self._from_client.receive(data)
        self._go_on_reading()

    def go_on(self) -> None:
        """Continue where ``enough`` has stopped the parsing."""
        self.unfinished = False
        self._go_on_hearing()
        self._go_on_reading()

    def time_out(self) -> None:
        """End the connection: the client's request took too long."""
        # A client that has not started a request needs no answer (RFC 9110 15.5.9).
        if self._from_client.rest:
            self._refuse(Refused(408, "the request did not come in time"))
        else:
            self._close("")

    def _go_on_reading(self) -> None:
        try:
            self._read_client()
        except h11.RemoteProtocolError as error:
            self._misunderstood(error)

    def _read_client(self) -> None:
        while self.hears_client and not self.unfinished:
            event = self._from_client.next_event()
            if isinstance(event, h11.Request):
                self._begin(event)
            elif isinstance(event, h11.Data):
                self._ask(event)
            elif isinstance(event, h11.EndOfMessage):
                self._heard_all = True
                # Trailers may be discarded (RFC 9112 7.1.2).
                self._ask(h11.EndOfMessage())
            elif isinstance(event, h11.ConnectionClosed):
                self._close("")
            else:  # NEED_DATA, PAUSED
                return
            self.unfinished = self._enough()

    def _misunderstood(self, error: h11.RemoteProtocolError) -> None:
        if self.state == FORWARDING:
            # The origin has half a request, which it must not take for a whole one.
            self._break(f"the request broke off: {error}")
        else:
            status = error.error_status_hint
            known = status if status in REASONS else 400
            # (The rest of h11's message shows the line as a Python object.)
            self._refuse(Refused(known, str(error).partition(": bytearray")[0]))

    def _begin(self, request: h11.Request) -> None:
        self._request = request
        self._answered = self._heard_all = False
        try:
            check_framing(request)
            if not has_body(request):
                # The request is complete; later bytes belong to the next one.
                self._heard_all = isinstance(self._from_client.next_event(), h11.EndOfMessage)
            if request.http_version not in (b"1.0", b"1.1"):
                raise Refused(505, "the version of HTTP is not 1.0 or 1.1")
            check_guard(request, self._guard)
            check_hops(request, self._name)
            self.wanted, self._target = where_to(request)
        except Refused as refusal:
            if refusal.later:
                self._held, self.state = refusal, HOLDING
            else:
                self._refuse(refusal)
        else:
            self.state = DIALLING

    def release(self) -> None:
        """Send the delayed answer."""
        if self._held is not None:
            refusal, self._held, self.state = self._held, None, READING
            self._refuse(refusal)
            self._go_on_reading()

    # The destination.

    def connected(self) -> None:
        """Continue after the destination was reached."""
        request = self._request
        assert request is not None
        if request.method == b"CONNECT":
            # Not by h11: to a client of HTTP/1.0, it would announce that the connection closes.
            self._to_client.append(OPEN)
            self._to_origin.append(self._from_client.rest)
            self.state = TUNNELLING
            return
        self._origin = connection(h11.CLIENT)
        self._from_origin = Intake(self._origin)
        headers = for_origin(request, self.wanted, self._name)
        self._ask(h11.Request(method=request.method, target=self._target, headers=headers))
        if self._heard_all:
            self._ask(h11.EndOfMessage())
        self.state = FORWARDING
        self._go_on_reading()

    def failed(self, why: str, status: int = 502) -> None:
        """Answer with this status and text: the destination was not reached."""
        self._refuse(Refused(status, why))
        self._go_on_reading()

    # The origin.

    def receive_from_origin(self, data: bytes) -> None:
        """Handle bytes from the origin; ``b""`` is its end."""
        self._from_origin.receive(data)
        self._go_on_hearing()
        if self.state != FORWARDING:
            self._go_on_reading()

    def _go_on_hearing(self) -> None:
        try:
            while self.state == FORWARDING and not self.unfinished:
                event = self._from_origin.next_event()
                if isinstance(event, (h11.InformationalResponse, h11.Response)):
                    self._pass_head_on(event)
                elif isinstance(event, h11.Data):
                    self._tell(event)
                elif isinstance(event, h11.EndOfMessage):
                    self._tell(h11.EndOfMessage())
                    self._finish()
                else:  # NEED_DATA, PAUSED; its end comes as an error, or ended the message
                    return
                self.unfinished = self._enough()
        except (h11.RemoteProtocolError, h11.LocalProtocolError) as error:
            # (LocalProtocolError: the answer is not HTTP that can be forwarded.)
            self.lost_origin(str(error))

    def lost_origin(self, why: str) -> None:
        """Handle an origin that fails, or does not speak HTTP, before the response's end."""
        if self.state != FORWARDING:
            return
        if self._answered:
            self._break(why)
        else:
            self._refuse(Refused(502, why))
            self._go_on_reading()

    def _pass_head_on(self, event: h11.InformationalResponse | h11.Response) -> None:
        request = self._request
        assert request is not None
        headers = for_client(event, self._name)
        if isinstance(event, h11.InformationalResponse):
            # Not for clients of HTTP/1.0, which do not have them (RFC 9110 15.2).
            if request.http_version != b"1.0":
                self._tell(
                    h11.InformationalResponse(
                        status_code=event.status_code, headers=headers, reason=event.reason
                    )
                )
            return
        if not values(event, b"date"):
            headers.append((b"Date", self._date()))
        self._answered = True
        self._tell(
            h11.Response(status_code=event.status_code, headers=headers, reason=event.reason)
        )

    def _finish(self) -> None:
        """End the response: start the next request, if there can be one."""
        if self._client.our_state is h11.DONE and self._client.their_state is h11.DONE:
            self._next()
        else:
            self._close("")

    def _next(self) -> None:
        # The client may have sent it already: our caller continues to read.
        self._client.start_next_cycle()
        self._request = None
        self.state = READING

    # Refusals and ends.

    def _refuse(self, refusal: Refused) -> None:
        """Send our own answer, and continue with the next request if that is safe."""
        again = (
            refusal.status in _HARMLESS
            and self._heard_all
            and self._request is not None
            # Bytes after a CONNECT may be for the target that was not reached.
            and self._request.method != b"CONNECT"
        )
        if self._client.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._answer(refusal, () if again else ((b"Connection", b"close"),))
        if again and self._client.our_state is h11.DONE:
            self._next()
        else:
            self._close(str(refusal))

    def _answer(self, refusal: Refused, headers: Iterable[tuple[bytes, bytes]]) -> None:
        response, body = answer(refusal, [(b"Date", self._date()), *headers])
        self._tell(response)
        if self._request is None or self._request.method != b"HEAD":
            self._tell(h11.Data(data=body))
        self._tell(h11.EndOfMessage())

    def _close(self, why: str) -> None:
        self.state, self.failure = CLOSING, why

    def _break(self, why: str) -> None:
        self.state, self.failure = BROKEN, why

    def _tell(self, event: h11.Event) -> None:
        self._to_client.append(self._client.send(event) or b"")

    def _ask(self, event: h11.Event) -> None:
        self._to_origin.append(self._origin.send(event) or b"")
