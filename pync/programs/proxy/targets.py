"""Where the clients of a proxy server may go (``--allow-target``, ``--deny-target``)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from ...core.access import Access, read_list
from ...core.address import Address
from ..shared.access import addresses_of, list_of

#: Pairs of hosts that are judged once only.
REMEMBERED = 4096

#: Whether a client may connect to a target: (client, target) -> bool.
Admits = Callable[[Address, Address], bool]

_LOOPBACK = ("127.0.0.0/8", "::1")

#: What only this machine is meant to reach: loopback, link-local (RFC 3927, RFC 4291 2.5.6;
#: the metadata services of clouds are there), and "this host", which is loopback for
#: connect(2) on Linux.
_NEAR = (*_LOOPBACK, "0.0.0.0/8", "::", "169.254.0.0/16", "fe80::/10")


def anywhere(_client: Address, _target: Address) -> bool:
    """Let every client go to every target."""
    return True


def target_gate(allow: tuple[str, ...], deny: tuple[str, ...], *, numeric: bool) -> Admits:
    """Return whether a client may go to a target, as the user's lists have it.

    Without a list of what is allowed, a client of another machine may not go to the
    addresses that only this machine is meant to reach.

    Arguments:
        allow: hosts as they were typed.
        deny: likewise.
        numeric: no name is looked up.

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
