"""The access lists of a listener: read once at the start, applied to each peer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...core.access import Access, Entry, ListFileError, entries, entries_of_file, read_list
from ...core.address import INHERITED, INTERNET, Address
from ...core.errors import UsageError
from ...core.events import Report
from ...core.server_events import Denied
from ...core.typed import NamedTuple

Admits = Callable[[Address], bool]


class AccessLists(NamedTuple):
    """The hosts to accept and to refuse, as typed, and files of them.

    ``numeric``: look up no names.
    """

    allow: tuple[str, ...] = ()
    allowfile: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    denyfile: tuple[str, ...] = ()
    numeric: bool = False


def access_filter(lists: AccessLists, address: Address, report: Report) -> Admits:
    """Return the filter of a listener's peers.

    Arguments:
        address: the listener's address.
        report: called with the event of a peer that is refused.

    Raises UsageError.
    """
    # (Whether the clients of an inherited socket have hosts is known later; a client without a
    # host is on no list.)
    if address.scheme not in (*INTERNET, *INHERITED):
        raise UsageError(f"access lists are for hosts, and {address} has none")
    allowed = list_of(lists.allow, lists.allowfile, numeric=lists.numeric)
    denied = list_of(lists.deny, lists.denyfile, numeric=lists.numeric)
    access = Access(allowed, denied or ())

    def admits(peer: Address) -> bool:
        if access.admits(peer.host):
            return True
        report(Denied(peer, "not allowed"))
        return False

    return admits


def list_of(
    words: tuple[str, ...], paths: tuple[str, ...], *, numeric: bool
) -> tuple[Entry, ...] | None:
    """Return the entries of all options of one kind together; None when there is no such option."""
    if not words and not paths:
        return None
    specifications = [entry for text in words for entry in entries(text)]
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                specifications += entries_of_file(file.read())
        except OSError as error:
            raise ListFileError(path, error.strerror or str(error)) from None
    return read_list(specifications, _numbers_only if numeric else addresses_of)


def addresses_of(name: str) -> Iterable[str]:
    """Return all addresses of a name. Raises OSError."""
    return _found(name, 0)


def _numbers_only(name: str) -> Iterable[str]:
    import socket

    try:
        return _found(name, socket.AI_NUMERICHOST)
    except OSError:
        raise OSError(0, "names are not looked up (-n)") from None


def _found(name: str, flags: int) -> list[str]:
    import socket

    from ...transports.internet import address_of

    found = socket.getaddrinfo(name, None, 0, socket.SOCK_STREAM, 0, flags)
    return [address_of("tcp", one[4]).host for one in found]
