"""The targets allowed to clients of a proxy server (``--allow-target``, ``--deny-target``)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from ...core.access import Access, read_list
from ...core.address import Address
from ..shared.access import addresses_of, list_of

#: The number of pairs of hosts whose result is cached.
REMEMBERED = 4096

#: Returns whether a client may connect to a target: (client, target) -> bool.
Admits = Callable[[Address, Address], bool]

_LOOPBACK = ("127.0.0.0/8", "::1")

#: The networks that only this machine should reach: loopback, link-local (RFC 3927, RFC 4291
#: 2.5.6; the metadata services of clouds are there), and "this host", which is loopback for
#: connect(2) on Linux.
_NEAR = (*_LOOPBACK, "0.0.0.0/8", "::", "169.254.0.0/16", "fe80::/10")


def anywhere(_client: Address, _target: Address) -> bool:
    """Allow every client every target."""
    return True


def target_gate(allow: tuple[str, ...], deny: tuple[str, ...], *, numeric: bool) -> Admits:
    """Return the filter of targets for the user's lists.

    Without a list of allowed targets, a client of another machine may not connect to the
    addresses that only the proxy's machine should reach.

    Arguments:
        allow: hosts as typed.
        deny: hosts as typed.
        numeric: look up no names.

    Raises UsageError.
    """
    allowed = list_of(allow, (), numeric=numeric)
    lists = Access(allowed, list_of(deny, (), numeric=numeric) or ())
    near = Access(None, read_list(_NEAR, addresses_of))
    loopback = Access(read_list(_LOOPBACK, addresses_of))

    @lru_cache(REMEMBERED)
    def admits(client: str, target: str) -> bool:
        if not lists.admits(target):
            return False
        is_ours = not client or loopback.admits(client)
        return is_ours or allowed is not None or near.admits(target)

    return lambda client, target: admits(client.host, target.host)
