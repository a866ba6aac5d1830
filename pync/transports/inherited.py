"""Listening sockets that the parent process has made and left open: ``fd:3``, ``systemd:``.

The protocol of sd_listen_fds(3): ``LISTEN_FDS`` descriptors from 3 on, for the process
``LISTEN_PID``, with the names ``LISTEN_FDNAMES``. Our children do not inherit them, and the path of
a Unix socket is not removed, as the parent has made it. A socket of datagrams is bound and does not
listen. It belongs to the parent too, so it is never connected to a peer: after our end, it would
still refuse all others.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence

from ..core.address import Address
from ..core.errors import ListenError, cause_of, shortened
from ..core.number import whole
from . import Options, sockopts, udp
from .conn import Conn
from .internet import address_of
from .listener import Listener
from .tcp_listener import TcpListener
from .unix import UnixListener, shown
from .unixgram import UnixgramListener

#: The first descriptor that is passed (SD_LISTEN_FDS_START).
FIRST = 3

#: The largest number of a descriptor.
_MOST = 2**31 - 1

#: The families of sockets that it accepts from.
_INTERNET = (socket.AF_INET, getattr(socket, "AF_INET6", socket.AF_INET))
_FAMILIES = (*_INTERNET, getattr(socket, "AF_UNIX", socket.AF_INET))


class InheritedListener(Listener):
    """Several listening sockets for connections, possibly of different kinds.

    Arguments:
        listeners: one for each socket; owned by this object.
    """

    def __init__(self, listeners: dict[socket.socket, Listener]) -> None:
        super().__init__(list(listeners), [one.address for one in listeners.values()])
        self._listeners = listeners

    def _take(self, sock: socket.socket) -> Conn:
        return self._listeners[sock]._take(sock)


def listen(address: Address, options: Options) -> Listener:
    """Take over the sockets, listening or of datagrams. Raises ListenError, and takes none then."""
    if sys.platform == "win32":
        raise ListenError("listen", address, "Windows passes no sockets as descriptors")
    numbers: Sequence[int] = [int(address.path)] if address.scheme == "fd" else _passed(address)
    socks: list[socket.socket] = []
    try:
        for number in numbers:
            socks.append(_socket(number, address))
            _check(socks[-1], number, address, options)
        for sock in socks:
            _prepare(sock, address, options)
        if options.datagrams:
            return _of_datagrams(socks, address, options)
    except BaseException:
        for number, sock in zip(numbers, socks, strict=False):
            (sock.detach if number >= FIRST else sock.close)()
        raise
    return InheritedListener({sock: _listener(sock, options) for sock in socks})


def _passed(address: Address) -> Sequence[int]:
    """Return the descriptors that systemd has passed, or those of one name. Raises ListenError."""
    pid, count = os.environ.get("LISTEN_PID"), os.environ.get("LISTEN_FDS")
    if pid is None or count is None:
        cause = "no socket was passed (LISTEN_FDS and LISTEN_PID are not set)"
        raise ListenError("listen", address, cause)
    if pid != str(os.getpid()):
        cause = f"the sockets were passed to another process (LISTEN_PID is {shortened(pid)})"
        raise ListenError("listen", address, cause)
    number = whole(count, _MOST - FIRST)
    if not number:
        cause = f"no socket was passed (LISTEN_FDS is {shortened(count)})"
        raise ListenError("listen", address, cause)
    if not address.path:
        # (Not a list: LISTEN_FDS may be millions.)
        return range(FIRST, FIRST + number)
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")[:number]
    found = [FIRST + place for place, name in enumerate(names) if name == address.path]
    if not found:
        known = ", ".join(dict.fromkeys(filter(None, names))) or "none has a name"
        cause = f"no socket of this name was passed (there are: {known})"
        raise ListenError("listen", address, cause)
    return found


def _socket(number: int, address: Address) -> socket.socket:
    try:
        # Standard streams must stay open when the listener is closed.
        return socket.socket(fileno=os.dup(number) if number < FIRST else number)
    except OSError as error:
        cause = cause_of(error)
        raise ListenError("listen", address, f"descriptor {number}: {cause}") from None


def _check(sock: socket.socket, number: int, address: Address, options: Options) -> None:
    """Check that it is a listening stream socket, or one of datagrams. Raises ListenError."""
    if sock.family not in _FAMILIES:
        wrong = f"is neither a {'UDP' if options.datagrams else 'TCP'} nor a Unix socket"
    elif options.datagrams:
        if sock.type == socket.SOCK_DGRAM and _is_bound(sock):
            return
        of_datagrams = sock.type == socket.SOCK_DGRAM
        wrong = "is not bound" if of_datagrams else "is a socket for connections, not for datagrams"
    elif sock.type != socket.SOCK_STREAM:
        kind = "datagrams" if sock.type == socket.SOCK_DGRAM else "another kind"
        wrong = f"is a socket for {kind}, not for connections"
    elif not _listens(sock):
        wrong = "is a socket that does not listen"
        if address.scheme == "systemd":
            wrong += " (its unit needs Accept=no)"
    else:
        return
    raise ListenError("listen", address, f"descriptor {number} {wrong}")


def _is_bound(sock: socket.socket) -> bool:
    name = sock.getsockname()
    return bool(name[1] if isinstance(name, tuple) else name)


def _listens(sock: socket.socket) -> bool:
    try:
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return True  # the system does not report it: accept() raises an error if not


def _prepare(sock: socket.socket, address: Address, options: Options) -> None:
    try:
        sock.set_inheritable(False)
        # Other processes may accept from it too: if they are faster, accept must not wait.
        sock.setblocking(False)
        sockopts.apply(sock, options.sockopts)
    except OSError as error:
        raise ListenError("listen", address, cause_of(error)) from None


def _of_datagrams(socks: list[socket.socket], address: Address, options: Options) -> Listener:
    if all(sock.family in _INTERNET for sock in socks):
        try:
            return udp.of_inherited(socks, options)
        except OSError as error:
            raise ListenError("listen", address, cause_of(error)) from None
    if len(socks) > 1:
        raise ListenError(
            "listen", address, "of several sockets of datagrams all must be UDP's: systemd:NAME"
        )
    at = Address("unixgram", path=shown(socks[0].getsockname()))
    return UnixgramListener(socks[0], at, None, options.many, shared=True)


def _listener(sock: socket.socket, options: Options) -> Listener:
    name = sock.getsockname()
    if sock.family in _INTERNET:
        sctp = getattr(socket, "IPPROTO_SCTP", 132)
        scheme = "sctp" if sock.proto == sctp else "tcp"
        return TcpListener([sock], [address_of(scheme, name)])
    return UnixListener(sock, Address("unix", path=shown(name)), None, deep=not options.many)
