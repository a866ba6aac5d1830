"""Where the clients of a proxy server may go (``--allow-target``, ``--deny-target``)."""

from __future__ import annotations

from collections.abc import Callable

from ...core.access import Access, read_list
from ...core.address import Address
from ...core.config import Config
from ...core.errors import UsageError
from ..shared.access import addresses_of, list_of

#: Whether a client may connect to a target: (client, target) -> bool.
Admits = Callable[[Address, Address], bool]

_LOOPBACK = ("127.0.0.0/8", "::1")

#: What only this machine is meant to reach: loopback, link-local (RFC 3927, RFC 4291 2.5.6;
#: the metadata services of clouds are there), and "this host", which is loopback for
#: connect(2) on Linux.
_NEAR = (*_LOOPBACK, "0.0.0.0/8", "::", "169.254.0.0/16", "fe80::/10")


def target_gate(config: Config) -> Admits:
    """Whether a client may go to a target, as the user's lists have it.

    Without a list of what is allowed, a client of another machine may not go to the
    addresses that only this machine is meant to reach.

    Raises UsageError.
    """
    if config.proxies:
        if config.allow_target or config.deny_target:
            raise UsageError(
                "cannot use --allow-target or --deny-target and --proxy:"
                " the last proxy looks the names up"
            )
        return lambda _client, _target: True
    allowed = list_of(config.allow_target, (), config)
    lists = Access(allowed, list_of(config.deny_target, (), config) or ())
    near = Access(None, read_list(_NEAR, addresses_of))
    loopback = Access(read_list(_LOOPBACK, addresses_of))

    def admits(client: Address, target: Address) -> bool:
        if not lists.admits(target.host):
            return False
        is_ours = not client.host or loopback.admits(client.host)
        return is_ours or allowed is not None or near.admits(target.host)

    return admits
