"""Dialling as telnet does: each address is said before it is tried, and if it failed."""

from __future__ import annotations

import socket

from ...core.address import Address
from ...core.config import Config
from ...core.errors import DialError
from ...core.events import AttemptFailed, Event, Report, Told
from ...transports.conn import Conn
from ...transports.internet import resolve
from ..shared.connect import connect
from ..shared.options import options_of


def dial(address: Address, config: Config, report: Report) -> Conn | None:
    """Connect to the first address of the host that answers; None when there is none to try.

    Raises DialError when none of them answers.
    """
    options = options_of(config, report)
    try:
        if config.source is not None:
            resolve(Address("tcp", config.source, "0"), options, socket.SOCK_STREAM)
    except DialError as error:
        report(Told(f"Could not resolve {config.source}: {_capital(error.cause)}"))
        return None

    def tell(event: Event) -> None:
        # The error reports the last failure.
        if not (isinstance(event, AttemptFailed) and event.last):
            report(event)

    try:
        return connect(config._replace(address=address), tell)
    except DialError as error:
        if error.attempts:
            raise
        unknown = error.cause.startswith("unknown service")
        cause = "Servname not supported for ai_socktype" if unknown else _capital(error.cause)
        report(Told(f"Server lookup failure:  {address.host}:{address.service}, {cause}"))
        return None


def _capital(cause: str) -> str:
    """As the C library words it."""
    return cause[:1].upper() + cause[1:]
