"""Deriving the onward side of a relay from the Config."""

from __future__ import annotations

from functools import partial

from ...core.address import WEBSOCKETS, Address
from ...core.config import Config
from ...core.typed import TYPE_CHECKING
from ..relay.onward import OnwardSetup
from .network import route_of, security_of, target_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...transports.tls.handshake import Security
    from ...transports.websocket import Upgrade

#: The default seconds in which an onward connection must be made.
ONWARD_TIMEOUT = 30.0


def onward_setup(config: Config) -> OnwardSetup:
    """Return where to connect onward, and how."""
    return OnwardSetup(
        config.onward,
        # (It is one of many: a Unix socket needs no large buffers.)
        target_options(config, ONWARD_TIMEOUT),
        _security(config)
        if any(one.scheme in ("tls", "dtls", "wss") for one in config.onward)
        else None,
        route_of(config),
        details=bool(config.verbose or config.json),
        header=config.proxy_protocol,
        balance=config.balance,
        upgrade=_upgrade(config)
        if any(one.scheme in WEBSOCKETS for one in config.onward)
        else None,
    )


def _upgrade(config: Config) -> Callable[[Address], Upgrade]:
    from .websockets import onward_upgrade_of

    return partial(onward_upgrade_of, config)


def _security(config: Config) -> Security:
    """Return the TLS of the onward side: a client's options, under other names."""
    return security_of(
        config._replace(
            insecure=config.to_insecure,
            verifies=True,
            ssl_cert=config.to_ssl_cert,
            ssl_key=config.to_ssl_key,
            ssl_trustfile=config.to_ssl_trustfile,
            ssl_ciphers=config.to_ssl_ciphers,
            ssl_servername=config.to_ssl_servername,
            ssl_alpn=config.to_ssl_alpn,
            ssl_min_version=config.to_ssl_min_version,
            ssl_max_version=config.to_ssl_max_version,
            starttls=config.to_starttls,
        )
    )
