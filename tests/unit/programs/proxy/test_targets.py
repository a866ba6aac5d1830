"""Where the clients of a proxy server may go."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.programs.proxy.targets import anywhere, target_gate

HERE, THERE, UNIX = (
    Address("tcp", "127.0.0.1", "5"),
    Address("tcp", "192.0.2.7", "5"),
    Address("unix", path="/run/x"),
)


def goes(
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
def test_what_only_this_machine_reaches_is_not_for_others(target: str) -> None:
    assert not goes(THERE, target)
    assert not goes(THERE, target, deny=("10.0.0.0/8",))
    # Who is here reaches it anyhow.
    assert goes(HERE, target)
    assert goes(UNIX, target)
    # Unless it is asked for.
    assert goes(THERE, target, allow=("0.0.0.0/0", "::/0"))


def test_all_other_targets_are_for_all() -> None:
    for client in (HERE, THERE, UNIX):
        for target in ("192.0.2.1", "10.0.0.1", "2001:db8::1"):
            assert goes(client, target)


def test_the_lists() -> None:
    lists = {"allow": ("192.0.2.0/24", "10.0.0.1"), "deny": ("192.0.2.9",)}
    for client in (HERE, THERE):
        assert goes(client, "192.0.2.1", **lists)
        assert goes(client, "10.0.0.1", **lists)
        assert not goes(client, "192.0.2.9", **lists)
        assert not goes(client, "10.0.0.2", **lists)
        assert not goes(client, "127.0.0.1", **lists)
        assert not goes(client, "10.1.2.3", deny=("10.0.0.0/8",))


def test_what_further_proxies_look_up_is_not_judged() -> None:
    assert anywhere(THERE, HERE)
