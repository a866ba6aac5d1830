"""Reaching a peer: what lies between "dial" and "talk", and between "accept" and "talk".

A client dials, goes through its proxies, then secures the connection. A listener sees
whether the peer may come at all, then secures the connection; not a byte is read before.
"""

from __future__ import annotations

from ..core.config import Config
from ..core.events import Report
from ..transports import dial
from ..transports.conn import Conn
from .common import options_of


def connect(config: Config, report: Report) -> Conn:
    """A connection to the address asked for, ready to talk over.

    Raises DialError.
    """
    assert config.address is not None
    return dial(config.address, options_of(config, report))


def welcome(conn: Conn, config: Config, report: Report) -> Conn:  # noqa: ARG001 - soon
    """An accepted connection, ready to talk over. Owns ``conn`` from now on.

    Raises PyncError, with ``conn`` closed.
    """
    return conn
