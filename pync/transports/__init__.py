"""The ends that bytes come from and go to. Each scheme has both dial and listen.

A table maps each scheme to its module. Half-close is a capability: only a connection that can do it
has the method ``send_eof``.
"""

from __future__ import annotations

import time

from ..core import load_module
from ..core.address import INHERITED, Address
from ..core.events import Report, silent
from ..core.times import UNTIMED, Times
from ..core.typed import TYPE_CHECKING, Callable, NamedTuple

if TYPE_CHECKING:
    from .conn import Conn
    from .listener import Listener


#: Scheme -> the module that implements it.
SCHEMES = {
    "tcp": "tcp",
    "tcp4": "tcp",
    "tcp6": "tcp",
    "udp": "udp",
    "udp4": "udp",
    "udp6": "udp",
    # SCTP has no half-close: an association ends in both directions (RFC 9260 9.2).
    "sctp": "tcp",
    "vsock": "vsock",
    # A WebSocket has no half-close (RFC 6455 7).
    "ws": "websockets",
    "wss": "websockets",
    "unix": "unix",
    "unixgram": "unixgram",
    # A pipe of messages can be half-closed; a pipe of bytes cannot.
    "pipe": "pipe",
}


def everyone(_peer: Address) -> bool:
    """Admit any peer."""
    return True


class Options(NamedTuple):
    """How to dial or listen.

    ``timeout``: seconds to connect (None: the system's own limit). ``happy_eyeballs``: try the
    addresses of a name side by side (RFC 8305); without it one after another, each with the whole
    time-out. ``source`` and ``source_port``: bound before dialling. ``numeric``: look up no names.
    ``client``: the client that a name is looked up for; clients take turns (engine/resolver.py).
    ``family``: 4, 6 or 0 for both. ``dual_stack``: a listener on ``::`` accepts IPv4 too, unless
    the system forbids it (net.ipv6.bindv6only). ``own_path``: bind a Unix datagram client to a
    path, even where the system has abstract names. ``many``: a datagram listener receives from
    all peers, not only from the first. ``datagrams``: take inherited sockets of datagrams, not of
    connections. ``shares_port``: other listeners of ours may have the same port (Linux,
    SO_REUSEPORT). ``sockopts``: options to set on the socket (sockopts.py). ``mptcp``: a TCP
    connection may use several paths (RFC 8684). ``md5_key``: signs TCP segments (md5sig.py).
    ``admits``: returns whether a peer is accepted, called before a byte of it is read; for a
    proxy's dial, whether a target is allowed. ``source_route``: IPv4 hosts to pass;
    ``route_pointer``: the next of them (route.py). ``report``: called with the events of attempts
    that start and that fail.

    For Windows named pipes: ``pipe_messages``: a pipe of messages, not of bytes. ``pipe_access``:
    the users that a listener accepts (windows/pipe_access.py). ``pipe_remote``: accept clients of
    other machines.
    """

    timeout: float | None = None
    happy_eyeballs: bool = True
    source: str | None = None
    source_port: str | None = None
    numeric: bool = False
    client: str = ""
    family: int = 0
    dual_stack: bool = False
    own_path: bool = False
    many: bool = False
    datagrams: bool = False
    shares_port: bool = False
    sockopts: tuple[tuple[str, int | str], ...] = ()
    mptcp: bool = False
    md5_key: bytes | None = None
    admits: Callable[[Address], bool] = everyone
    source_route: tuple[str, ...] = ()
    route_pointer: int = 4
    pipe_messages: bool = False
    pipe_access: str = "user"
    pipe_remote: bool = False
    report: Report = silent


DEFAULT = Options()


def dial(address: Address, options: Options = DEFAULT) -> Conn:
    """Connect; try every address of a name.

    Raises DialError, with the cause of the last attempt.
    """
    module = load(address)
    began = time.perf_counter()
    conn: Conn = module.dial(address, options)
    if conn.times is UNTIMED and not conn.datagram:
        conn.times = Times(connect=time.perf_counter() - began)
    return conn


def listen(address: Address, options: Options = DEFAULT) -> Listener:
    """Listen on every address of a name; without a host, on IPv4 and IPv6.

    Some schemes take listening sockets that the parent process has made (inherited.py).

    Raises ListenError.
    """
    listener: Listener = load(address).listen(address, options)
    listener.admits = options.admits
    return listener


def load(address: Address):  # type: ignore[no-untyped-def]  # modules have no common type
    """Load the module of a scheme, so that its loading does not count as time of the connection."""
    name = "inherited" if address.scheme in INHERITED else SCHEMES[address.scheme]
    return load_module(f"{__name__}.{name}")
