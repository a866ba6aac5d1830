"""pync's own messages for events and errors. Pure."""

from __future__ import annotations

from ...core.address import DATAGRAMS, WEBSOCKETS, Address
from ...core.config import Config
from ...core.errors import DialError, OutputGone, PyncError, TlsError
from ...core.events import AttemptFailed, Connected, Event, LineCut, PeerEnded, Scanned, Told
from ...core.pings import Pinged, PingsDone
from ...core.server_events import (
    Accepted,
    Closed,
    Counted,
    Denied,
    Dialled,
    Dropped,
    Exposed,
    Failed,
    Held,
    Listening,
    PeerProcess,
    PortTold,
    Proxied,
    Reloaded,
    Secured,
    Unverified,
    Upgraded,
    WebsocketClosed,
    WorkerLost,
)
from .. import OnStdout, Said


def say(event: Event, config: Config, interactive: bool) -> Said:
    """Return the message for an event on stderr; None for none."""
    if isinstance(event, Failed):
        return complain(event.error, config)
    if isinstance(event, Told):
        return event.text
    if isinstance(event, Unverified):
        return f"pync: the certificate of {_where(event.peer)} is not verified (--insecure)"
    if isinstance(event, Exposed):
        return (
            f"pync: warning: anyone who can connect to {event.address} can {event.offered}; "
            "restrict it with -l 127.0.0.1 PORT or --allow"
        )
    if isinstance(event, Held):
        return _held(event)
    if isinstance(event, Counted):
        return f"pync: {_by(event)}{event.clients} connection{'s' * (event.clients != 1)}"
    if isinstance(event, WorkerLost):
        return f"pync: worker {event.worker} {event.cause}; another takes its place"
    if isinstance(event, Reloaded):
        return "pync: access lists and certificates are read again"
    if isinstance(event, LineCut):
        return (
            f"pync: a line has {event.size} bytes, the most that the terminal keeps: what was"
            " typed after them is lost (--edit takes longer lines, and so does a pipe)"
        )
    if isinstance(event, Pinged):
        return OnStdout(_pinged(event))
    if isinstance(event, PingsDone):
        return OnStdout(_pings_done(event))
    if isinstance(event, PeerEnded):
        return "Connection closed by foreign host." if interactive else None
    if isinstance(event, Scanned) and event.state == "open|filtered":
        # It is unknown whether it is open: report that without -v too.
        return f"{_named(event.address, event.asked)} open|filtered"
    if isinstance(event, PortTold):
        return event.port
    if isinstance(event, Scanned) and event.banner:
        return f"{_named(event.address, event.asked)}: {_first_line(event.banner)}"
    return _verbosely(event) if config.verbose else None


def _verbosely(event: Event) -> Said:
    if isinstance(event, Listening):
        word = "Bound" if event.address.scheme in DATAGRAMS else "Listening"
        return f"{word} on {_where(event.address)}"
    if isinstance(event, Denied):
        return f"Connection from {_where(event.peer)} denied: {event.cause}"
    if isinstance(event, Proxied):
        return f"Connection from {_where(event.peer) or '(unnamed)'} goes to {_where(event.target)}"
    if isinstance(event, Dialled):
        return _dialled(event)
    if isinstance(event, Closed):
        return _closed(event)
    if isinstance(event, Dropped):
        return f"Connection from {_where(event.peer) or '(unnamed)'} dropped: {event.cause}"
    if isinstance(event, Accepted):
        return f"Connection received on {_where(event.peer) or '(unnamed)'}"
    if isinstance(event, PeerProcess):
        return f"At the other end of {_where(event.peer)} is process {event.process}"
    if isinstance(event, Connected):
        # A datagram peer has not answered yet, so this is not a success.
        return _connected(event.peer, event.asked, event.peer.scheme not in DATAGRAMS)
    if isinstance(event, Scanned) and event.state == "open":
        return _connected(event.address, event.asked, True)
    if isinstance(event, Secured):
        return _secured(event)
    if isinstance(event, AttemptFailed):
        return f"pync: dial {event.address}: {event.cause}"
    if isinstance(event, (Upgraded, WebsocketClosed)):
        from .websockets import said_of

        return said_of(event)
    return None


def _pinged(event: Pinged) -> str:
    where = f"{_where(event.address)}: {event.number}"
    if event.state == "connected":
        return f"{where} {_parts(event, event.address, 3)}"
    took = "" if event.connect is None else f" ({event.connect:.3f} ms)"
    return f"{where} {event.cause}{took}"


def _pings_done(event: PingsDone) -> str:
    counts = f"{event.sent} sent, {event.connected} connected"
    counts += f", {event.refused} refused, {event.lost} lost ({event.loss:g}% loss)"
    if event.connected:
        times = (event.minimum, event.average, event.maximum, event.jitter)
        shown = "/".join(f"{time or 0:.3f}" for time in times)
        counts += f"; connect min/avg/max/jitter {shown} ms"
    return f"{_where(event.address)}: {counts}"


def _parts(event: Dialled | Pinged, address: Address, digits: int) -> str:
    handshake = "handshake" if address.scheme in WEBSOCKETS else "TLS"
    parts = (("lookup", event.lookup), ("connect", event.connect), (handshake, event.handshake))
    told = (f"{name} {value:.{digits}f} ms" for name, value in parts if value is not None)
    return ", ".join(told)


def _dialled(event: Dialled) -> Said:
    took = _parts(event, event.target, 1)
    there = _where(event.target)
    where = f"Connection from {_where(event.peer) or '(unnamed)'} goes to {there}"
    return f"{where} ({took})" if took else where


def _closed(event: Closed) -> Said:
    return (
        f"Connection from {_where(event.peer) or '(unnamed)'} to {_where(event.target)} closed: "
        f"{event.sent} bytes sent, {event.received} received in {event.seconds:.3f} s "
        f"(client: {event.peer_end}, target: {event.target_end})"
    )


def _held(event: Held) -> Said:
    there = "(not connected yet)" if event.target is None else _where(event.target)
    return (
        f"pync: {_by(event)}{_where(event.peer) or '(unnamed)'} to {there}: "
        f"{event.sent} bytes sent, {event.received} received in {event.seconds:.0f} s"
    )


def _by(event: Held | Counted) -> str:
    return "" if event.worker is None else f"worker {event.worker}: "


def _secured(event: Secured) -> Said:
    protocol = f", {event.protocol}" if event.protocol else ""
    certificate = f", SHA-256 {event.fingerprint}" if event.fingerprint else ""
    secured = f"Secured by {event.version}, {event.cipher}{protocol}{certificate}"
    if not event.expires:
        return secured
    issuer = "itself" if event.issuer == event.subject else event.issuer
    whose = f"Certificate of {event.subject}, issued by {issuer}, valid until {event.expires}"
    return secured, whose


def _connected(peer: Address, asked: str, succeeded: bool) -> str:
    named = _named(peer, asked)
    return f"Connection to {named} succeeded!" if succeeded else f"Sending to {named}"


def _first_line(banner: bytes) -> str:
    return banner.splitlines()[0].decode("utf-8", "backslashreplace")


def _where(address: Address) -> str:
    if address.path and not address.host:
        return address.path
    return f"{address.host} {address.service}".strip()


def _named(address: Address, asked: str) -> str:
    if address.path:
        return address.path
    host = address.host if asked in ("", address.host) else f"{asked} ({address.host})"
    return f"{host} {address.service} port {_service(address)}"


def _service(address: Address) -> str:
    import socket

    protocol = address.scheme[:3]
    try:
        return f"[{protocol}/{socket.getservbyport(int(address.service), protocol)}]"
    except (OSError, ValueError, OverflowError):
        return f"[{protocol}/*]"


def complain(error: Exception, config: Config | None) -> str | None:
    """Return the line about an error, with a hint."""
    if isinstance(error, OutputGone):
        return None
    if not isinstance(error, PyncError):
        return f"pync: {error}"
    if isinstance(error, TlsError):
        return f"pync: {error}{_hint(error.cause, config)}"
    from .hints import advice

    said = str(error)
    if config is not None and config.proxies and isinstance(error, DialError):
        said = _about_the_proxy(error, config) or said
    hint = advice(error, config)
    return f"pync: {said} ({hint})" if hint else f"pync: {said}"


def _about_the_proxy(error: DialError, config: Config) -> str | None:
    """Return the message if the proxy itself, not the target, could not be reached; else None."""
    first, address = config.proxies[0], error.address
    if not isinstance(address, Address):
        return None
    if (address.host, address.service) != (first.host, first.port):
        return None
    return f"dial proxy {address}: {error.cause}"


_ANYWAY = "--insecure to connect anyway"

#: A part of the cause of a TLS failure -> what the user can do.
_HINTS = {
    "certificate is not valid for": (
        "the name must stand in its subjectAltName, a CN does not count; "
        f"--ssl-servername for another name, {_ANYWAY}"
    ),
    "certificate verify failed": f"--ssl-trustfile to trust its issuer, {_ANYWAY}",
    "alert certificate required": "--ssl-cert and --ssl-key give one",
    "alert no application protocol": "--ssl-alpn",
    "alert protocol version": "--ssl-min-version, --ssl-max-version",
    "alert unrecognized name": "--ssl-servername",
    # OpenSSL's error for an answer in plain text.
    "wrong version number": "--starttls=PROTOCOL asks for TLS first, where that is needed",
}


def _hint(cause: str, config: Config | None) -> str:
    if config is None or config.listen:
        return ""
    return next((f" ({hint})" for part, hint in _HINTS.items() if part in cause), "")
