"""How to listen, and which clients to accept: the parameters of every program that listens."""

from __future__ import annotations

from ...core import load_module
from ...core.address import DATAGRAMS, Address
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...transports import Options

if TYPE_CHECKING:
    from ...transports.tls.handshake import Security
    from .announced import Announced
    from .entry import Entry
    from .place import Place


class ListenSetup(NamedTuple):
    """The parameters of a listener and its clients.

    ``keep_open``: continue after the first client (-k). ``max_conns``: clients at once; None: no
    limit. ``accept_timeout``: seconds in which a client must come. ``report_port``: a file for the
    port, ``-`` is standard error. ``offered``: what everyone who reaches the listener can do, for a
    warning. ``modules``: modules that serving a client needs. ``announced``: the filter of clients
    named by the PROXY protocol headers that clients must send first; None: they send none.
    ``workers``: how many processes share the port. ``place``: in a worker, its place among them.
    """

    address: Address
    options: Options = Options()
    entry: Entry | None = None
    keep_open: bool = False
    max_conns: int | None = None
    accept_timeout: float | None = None
    report_port: str | None = None
    offered: str | None = None
    modules: tuple[str, ...] = ()
    announced: Announced | None = None
    workers: int = 1
    place: Place | None = None

    @property
    def tls(self) -> Security | None:
        """How clients are secured; None: not at all."""
        return None if self.entry is None else self.entry.tls


def prepare(setup: ListenSetup) -> None:
    """Load what serving clients needs, before the first client can connect.

    Raises UsageError for a file that cannot be read.
    """
    if setup.tls is not None and setup.address.scheme in DATAGRAMS:
        from . import dtls_securing

        dtls_securing.listener_context(setup.tls)
    elif setup.tls is not None:
        from .securing import listener_context

        listener_context(setup.tls)
    for module in setup.modules:
        load_module(module)
