"""The targets that clients of a proxy server may connect to."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.programs.proxy.targets import anywhere, target_gate

HERE, THERE, UNIX = (
    Address("tcp", "127.0.0.1", "5"),
    Address("tcp", "192.0.2.7", "5"),
    Address("unix", path="/run/x"),
)


def is_allowed(
    client: Address, target: str, *, allow: tuple[str, ...] = (), deny: tuple[str, ...] = ()
) -> bool:
    return target_gate(allow, deny, numeric=True)(client, Address("tcp", target, "80"))


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1",
        "127.255.0.9",
        "::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "::",
        "::ffff:0.0.0.0",
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
    ],
)
def test_local_targets_are_not_allowed_to_remote_clients(target: str) -> None:
    assert not is_allowed(THERE, target)
    assert not is_allowed(THERE, target, deny=("10.0.0.0/8",))
    # A local client can reach it anyway.
    assert is_allowed(HERE, target)
    assert is_allowed(UNIX, target)
    # It can be allowed explicitly.
    assert is_allowed(THERE, target, allow=("0.0.0.0/0", "::/0"))


def test_other_targets_are_allowed_to_all_clients() -> None:
    for client in (HERE, THERE, UNIX):
        for target in ("192.0.2.1", "10.0.0.1", "2001:db8::1"):
            assert is_allowed(client, target)


def test_allow_and_deny_lists() -> None:
    lists = {"allow": ("192.0.2.0/24", "10.0.0.1"), "deny": ("192.0.2.9",)}
    for client in (HERE, THERE):
        assert is_allowed(client, "192.0.2.1", **lists)
        assert is_allowed(client, "10.0.0.1", **lists)
        assert not is_allowed(client, "192.0.2.9", **lists)
        assert not is_allowed(client, "10.0.0.2", **lists)
        assert not is_allowed(client, "127.0.0.1", **lists)
        assert not is_allowed(client, "10.1.2.3", deny=("10.0.0.0/8",))


def test_anywhere_allows_every_target() -> None:
    assert anywhere(THERE, HERE)
