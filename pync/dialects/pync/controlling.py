"""The control of a relay on the command line: the address, and the request. Pure."""

from __future__ import annotations

from ...core.address import Address, is_url
from ...core.address import parse as parse_address
from ...core.config import Config
from ...core.endings import Endings
from ...core.errors import UsageError, shortened
from ...layers.control import request

#: Hosts that can be reached only from the own machine.
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def asking(config: Config) -> Config:
    """Return the Config of ``--control-client ADDRESS WORDS``. Raises UsageError."""
    if not config.target:
        raise UsageError("--control-client needs the address of a relay's --control")
    where, *words = config.target
    request(words)  # refuse a wrong request now, before connecting
    return config._replace(
        program="asking",
        address=control_address(where, "--control-client"),
        target=tuple(words),
        endings=Endings(),
    )


def control_address(text: str, option: str) -> Address:
    """Return the address of a control socket.

    Raises UsageError for one that other machines could reach: all who connect can control.
    """
    if not is_url(text):
        raise UsageError(
            f"{option}: {shortened(text)} is not an address: use unix:PATH or tcp://localhost:PORT"
        )
    address = parse_address(text)
    if address.scheme == "unix":
        return address
    if address.scheme not in ("tcp", "tcp4", "tcp6"):
        raise UsageError(f"{option}: cannot be controlled by {address.scheme}")
    if address.host not in _THIS_MACHINE:
        raise UsageError(
            f"{option}: {address} can be reached by others, who would control the relay; "
            "use unix:PATH or tcp://localhost:PORT"
        )
    return address
