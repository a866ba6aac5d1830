"""Dialling as telnet does: each address is reported before it is tried, and when it fails."""

from __future__ import annotations

import socket

from ...core.address import Address
from ...core.errors import DialError
from ...core.events import AttemptFailed, Event, Report, Told
from ...transports import Options
from ...transports.conn import Conn
from ...transports.internet import resolve
from ..shared.connect import DialSetup, connect


def dial(address: Address, options: Options, report: Report) -> Conn | None:
    """Connect to the first address of the host that answers; return None without any address.

    Raises DialError when no address answers.
    """
    try:
        if options.source is not None:
            resolve(Address("tcp", options.source, "0"), options, socket.SOCK_STREAM)
    except DialError as error:
        report(Told(f"Could not resolve {options.source}: {_capital(error.cause)}"))
        return None

    def tell(event: Event) -> None:
        # The error reports the last failure.
        if not (isinstance(event, AttemptFailed) and event.last):
            report(event)

    try:
        return connect(DialSetup(address, options), tell)
    except DialError as error:
        if error.attempts:
            raise
        unknown = error.cause.startswith("unknown service")
        cause = "Servname not supported for ai_socktype" if unknown else _capital(error.cause)
        report(Told(f"Server lookup failure:  {address.host}:{address.service}, {cause}"))
        return None


def _capital(cause: str) -> str:
    """Return the cause in the C library's form: with a capital letter."""
    return cause[:1].upper() + cause[1:]
