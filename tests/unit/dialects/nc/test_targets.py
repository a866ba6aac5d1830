"""The targets of nc: ports and paths of Unix sockets; tests/interop tests the errors."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.errors import UsageError
from pync.dialects.nc import parse
from pync.dialects.nc.messages import NcUsageError


@pytest.mark.parametrize("argv", ["-lU /a", "-lUs /a"])
def test_listener_path_is_the_argument_or_the_value_of_s(argv: str) -> None:
    config = parse(argv.split())
    assert (config.address, config.source) == (Address("unix", path="/a"), None)


def test_datagram_client_binds_the_path_of_s() -> None:
    config = parse(["-uU", "-s", "/mine", "/theirs"])
    assert (config.address, config.source) == (Address("unixgram", path="/theirs"), "/mine")


@pytest.mark.parametrize("argv", ["-U", "-Us /a /b", "-U -p 1 /a", "-lUs /a /b", "-lU a b c"])
def test_wrong_arguments_for_a_path_show_the_usage(argv: str) -> None:
    with pytest.raises(NcUsageError):
        parse(argv.split())


@pytest.mark.parametrize("argv", ["-U a b", "-lU a b", "-lU -p 1"])
def test_path_cannot_have_a_port(argv: str) -> None:
    with pytest.raises(UsageError, match="cannot use port with -U"):
        parse(argv.split())
