"""The listener for a client that is judged, and the command that starts the client."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ..core.verdict import Unreachable, cause_of
from .address import LOOPBACK, Address
from .embedded import embedded_client
from .grammar import CommandTarget, fill
from .launch import ServerSpec
from .values import environment_of, values_of


class ClientLaunch(NamedTuple):
    """A listener, and the way in which a client is started for it."""

    listener: socket.socket
    argv: list[str]
    environment: dict[str, str]


@contextmanager
def expect_client(wanted: ServerSpec, folder: str) -> Iterator[ClientLaunch]:
    """Listen, at AT or at any loopback port, until the client has connected.

    Arguments:
        folder: the folder for the client's data.
    Raises Unreachable if it is not possible to listen there.
    """
    at = wanted.at or Address(wanted.transport, LOOPBACK[wanted.transport])
    family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
    try:
        listener = socket.create_server((at.host, at.port), family=family)
    except OSError as error:
        cause = cause_of(error)
        raise Unreachable(f"cannot listen at {at}: {cause}") from None
    with listener:
        host, port = listener.getsockname()[:2]
        values = values_of(
            wanted.profile, wanted.transport, Address(wanted.transport, host, port), folder
        )
        environment = {**dict(wanted.environment), **environment_of(values)}
        if isinstance(wanted.target, CommandTarget):
            argv = fill(wanted.target.words, values)
        else:
            parameters = dict(wanted.parameters)
            argv = embedded_client(wanted.target, wanted.profile, parameters, host, port)
        yield ClientLaunch(listener, argv, environment)
