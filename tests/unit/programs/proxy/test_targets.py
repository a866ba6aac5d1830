"""Where the clients of a proxy server may go."""

from __future__ import annotations

from typing import Any

import pytest

from pync.core.address import Address
from pync.core.config import Config, Proxy
from pync.core.errors import UsageError
from pync.programs.proxy.targets import target_gate

HERE, THERE, UNIX = (
    Address("tcp", "127.0.0.1", "5"),
    Address("tcp", "192.0.2.7", "5"),
    Address("unix", path="/run/x"),
)


def goes(client: Address, target: str, **lists: Any) -> bool:
    return target_gate(Config(listen=True, **lists))(client, Address("tcp", target, "80"))


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
    assert not goes(THERE, target, deny_target=("10.0.0.0/8",))
    # Who is here reaches it anyhow.
    assert goes(HERE, target)
    assert goes(UNIX, target)
    # Unless it is asked for.
    assert goes(THERE, target, allow_target=("0.0.0.0/0", "::/0"))


def test_all_other_targets_are_for_all() -> None:
    for client in (HERE, THERE, UNIX):
        for target in ("192.0.2.1", "10.0.0.1", "2001:db8::1"):
            assert goes(client, target)


def test_the_lists() -> None:
    lists = {"allow_target": ("192.0.2.0/24", "10.0.0.1"), "deny_target": ("192.0.2.9",)}
    for client in (HERE, THERE):
        assert goes(client, "192.0.2.1", **lists)
        assert goes(client, "10.0.0.1", **lists)
        assert not goes(client, "192.0.2.9", **lists)
        assert not goes(client, "10.0.0.2", **lists)
        assert not goes(client, "127.0.0.1", **lists)
        assert not goes(client, "10.1.2.3", deny_target=("10.0.0.0/8",))


def test_what_further_proxies_look_up_cannot_be_judged() -> None:
    proxies = (Proxy("http", "h", "1"),)
    for lists in ({"allow_target": ("10.0.0.1",)}, {"deny_target": ("10.0.0.1",)}):
        with pytest.raises(UsageError, match="the last proxy looks the names up"):
            target_gate(Config(listen=True, proxies=proxies, **lists))  # type: ignore[arg-type]
    assert goes(THERE, "127.0.0.1", proxies=proxies)
