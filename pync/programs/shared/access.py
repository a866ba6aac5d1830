"""The access lists of a listener: read once at the start, applied to each peer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...core.address import INTERNET, Address
from ...core.config import Config
from ...core.errors import UsageError
from ...core.events import Denied, Report
from ...transports import everyone

Admits = Callable[[Address], bool]


def access_filter(config: Config, report: Report) -> Admits:
    """Whether a peer may come, as the user's lists have it. Raises UsageError."""
    lists = (config.allow, config.allowfile, config.deny, config.denyfile)
    if not config.listen or not any(lists):
        return everyone
    if config.address is not None and config.address.scheme not in INTERNET:
        raise UsageError(f"access lists are for hosts, and {config.address} has none")
    from ...core.access import Access

    allowed = list_of(config.allow, config.allowfile, config)
    access = Access(allowed, list_of(config.deny, config.denyfile, config) or ())

    def admits(peer: Address) -> bool:
        if access.admits(peer.host):
            return True
        report(Denied(peer, "not allowed"))
        return False

    return admits


def list_of(words: tuple[str, ...], paths: tuple[str, ...], config: Config):  # type: ignore[no-untyped-def]
    """The entries of all options of one kind together; None when there is no such option."""
    # (A return type would import what only a listener with lists needs.)
    from ...core.access import ListFileError, entries, entries_of_file, read_list

    if not words and not paths:
        return None
    specifications = [entry for text in words for entry in entries(text)]
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                specifications += entries_of_file(file.read())
        except OSError as error:
            raise ListFileError(path, error.strerror or str(error)) from None
    return read_list(specifications, _numbers_only if config.nodns else addresses_of)


def addresses_of(name: str) -> Iterable[str]:
    """All addresses of a name. Raises OSError."""
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
