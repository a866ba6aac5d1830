"""Faults from outside: a proxy between the suite's clients and a correct server.

A user's own profile has no broken servers that would prove its requirements. The proxy makes a
correct server look broken: it runs in a thread of the worker, and changes the traffic like a
broken server would. ``FAULTS`` are these changes; ``LAWFUL`` are changes that no requirement may
treat as a fault.

The same proxy is the bad line of ``run --link`` (carried.py), which breaks nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from ..core.traffic import Traffic
from ..targets.address import DATAGRAMS, LOOPBACK, UNIX, Address
from ..targets.scratch import new_folder
from .courses import Course
from .datagrams import DatagramProxy, Exchange
from .fault import SEALED, Fault
from .streams import StreamProxy
from .table import BY_NAME, FAULTS, LAWFUL, NONE

__all__ = ["FAULTS", "LAWFUL", "NONE", "SEALED", "Fault", "Proxy", "faulty", "over_line"]

#: A proxy; it has ``address`` (for the clients), ``acted`` and ``lead_to``.
Proxy = StreamProxy | DatagramProxy


@contextmanager
def faulty(address: Address, name: str) -> Iterator[Proxy]:
    """Run a proxy in front of the server at an address, with the fault of that name.

    Raises KeyError if the name is not in the table, or does not apply to this transport.
    """
    fault, transport = BY_NAME[name], address.transport
    if transport not in fault.transports:
        raise KeyError(name)
    with _before(address, fault.stream, fault.datagram, fault.window) as proxy:
        yield proxy


@contextmanager
def over_line(address: Address, traffic: Traffic) -> Iterator[Proxy]:
    """Run a proxy in front of the server at an address that behaves like the bad line."""
    # Imported here, because the faults above do not need it.
    from .carried import WINDOW, course_over, exchange_over, show

    with _before(address, course_over(traffic), exchange_over(traffic), WINDOW) as proxy:
        show(proxy, traffic)
        yield proxy


@contextmanager
def _before(
    address: Address,
    stream: type[Course] | None,
    datagram: type[Exchange] | None,
    window: int | None = None,
) -> Iterator[Proxy]:
    transport = address.transport
    folder = new_folder() if transport == UNIX else None
    entrance = Address(transport, LOOPBACK.get(transport, ""))
    if ":" in address.host and transport not in DATAGRAMS:
        entrance = entrance._replace(host="::1")
    if folder is not None:
        entrance = Address(UNIX, path=os.path.join(folder, "socket"))
    proxy: Proxy
    if transport in DATAGRAMS:
        assert datagram is not None
        proxy = DatagramProxy(address, entrance, datagram)
    else:
        assert stream is not None
        proxy = StreamProxy(address, entrance, stream, window)
    try:
        yield proxy
    finally:
        proxy.close()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
