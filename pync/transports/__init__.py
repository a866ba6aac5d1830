"""Descriptors: what bytes come from and go to. dial and listen are symmetric.

An endpoint is a row of a table (scheme, module, syntax, how it ends). Half-close is a
capability: a connection that has it has ``send_eof``, one that has not lacks the method.
"""

# No postponed annotations: NamedTuple compiles each as text (typing.ForwardRef) at every start.

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from ..core.address import Address
from ..core.events import Report, silent

if TYPE_CHECKING:
    from .conn import Conn, Listener


class Scheme(NamedTuple):
    """One row: the module that knows the scheme, how it is written, how it ends."""

    module: str
    syntax: str
    ends: str


SCHEMES = {
    "tcp": Scheme("tcp", "tcp://HOST:PORT", "half-close"),
    "tcp4": Scheme("tcp", "tcp4://HOST:PORT", "half-close"),
    "tcp6": Scheme("tcp", "tcp6://HOST:PORT", "half-close"),
    "udp": Scheme("udp", "udp://HOST:PORT", "never"),
    "udp4": Scheme("udp", "udp4://HOST:PORT", "never"),
    "udp6": Scheme("udp", "udp6://HOST:PORT", "never"),
    # An association ends as a whole (RFC 9260 9.2).
    "sctp": Scheme("tcp", "sctp://HOST:PORT", "close"),
    "vsock": Scheme("vsock", "vsock://CID:PORT", "half-close"),
    "unix": Scheme("unix", "unix:PATH", "half-close"),
    "unixgram": Scheme("unixgram", "unixgram:PATH", "never"),
    # A pipe of messages can be half-closed, one of bytes ends as a whole.
    "pipe": Scheme("pipe", "pipe:NAME", "close"),
}


def everyone(_peer: Address) -> bool:
    """Admit any peer."""
    return True


class PipeOptions(NamedTuple):
    """How a Windows named pipe is to be.

    ``messages``: one of messages, not of bytes. ``access``: who may come to a listener
    (windows/pipe_access.py). ``remote``: whether other machines may.
    """

    messages: bool = False
    access: str = "user"
    remote: bool = False


class Options(NamedTuple):
    """How to dial or listen.

    ``timeout``: seconds for a connection to be made (None: as long as the system takes).
    ``happy_eyeballs``: try the addresses of a name side by side (RFC 8305); without it one after
    another, and each has the time-out for itself. ``source`` and ``source_port``: bound before
    dialling. ``numeric``: no name is looked up. ``client``: for whom it is looked up, of several
    who take turns (engine/resolver.py). ``family``: 4, 6 or 0 for both. ``dual_stack``: a listener
    on ``::`` takes IPv4 too, unless the system has it otherwise (net.ipv6.bindv6only).
    ``own_path``: a Unix datagram client is bound to a path, even where the system has names
    without one. ``many``: a datagram listener takes datagrams from everyone, not from its first
    peer only. ``sockopts``: options to set on the socket (sockopts.py). ``md5_key``: signs TCP
    segments (md5sig.py). ``admits``: whether a peer may come, asked before a byte of it is read;
    for a proxy's dial, whether a target may be connected to. ``source_route``: IPv4 hosts to go
    by; ``route_pointer``: which is next (route.py). ``pipe``: for named pipes. ``report``: is told
    of attempts that begin and that fail.
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
    sockopts: tuple[tuple[str, int], ...] = ()
    md5_key: bytes | None = None
    admits: Callable[[Address], bool] = everyone
    source_route: tuple[str, ...] = ()
    route_pointer: int = 4
    pipe: PipeOptions = PipeOptions()
    report: Report = silent


DEFAULT = Options()


def dial(address: Address, options: Options = DEFAULT) -> "Conn":
    """Connect; every address of a name is tried.

    Raises DialError (the cause of the last attempt).
    """
    conn: Conn = _module(address).dial(address, options)
    return conn


def listen(address: Address, options: Options = DEFAULT) -> "Listener":
    """Listen on every address of a name; without a host, on IPv4 and IPv6.

    Raises ListenError.
    """
    listener: Listener = _module(address).listen(address, options)
    listener.admits = options.admits
    return listener


def _module(address: Address):  # type: ignore[no-untyped-def]  # modules have no common type
    return import_module(f".{SCHEMES[address.scheme].module}", __name__)
