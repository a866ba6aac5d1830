"""busybox nc's targets: a host and one port, or HOST:PORT. Pure, except for service names."""

from __future__ import annotations

from ...core.address import Address
from ...core.config import Config
from ...core.errors import UsageError
from ...core.number import is_digits, whole
from .messages import BusyboxUsageError, is_full

MOST_PORT = 65535

#: The port that is dialled when none is given: nothing listens there.
NO_PORT = "0"


def with_address(config: Config) -> Config:
    """Return the Config with the address of its words.

    Raises UsageError (BusyboxUsageError, where the usage is shown).
    """
    words = config.target
    if config.source_port is not None:
        config = config._replace(source_port=_port(config.source_port, config))
    if len(words) > 2 or not (words or config.listen):
        raise BusyboxUsageError("")
    if config.listen:
        return config._replace(address=_listen_on(config))
    host, port = _split(words[0])
    if len(words) == 2:
        port = words[1]
    port = _port(port or NO_PORT, config)
    return config._replace(address=Address(_scheme(config), host, port), ports=(port,))


def _listen_on(config: Config) -> Address:
    words, port = config.target, config.source_port or "0"
    if len(words) > 1:
        if is_full(config):
            raise UsageError("the port of a client cannot be asked for; its host can")
        raise BusyboxUsageError("")
    scheme = _scheme(config)
    if not is_full(config):
        host, own = _split(words[0]) if words else ("", "")
        return Address(scheme, host, _port(own, config) if own else port)
    if config.source or not words:
        return Address(scheme, config.source or "", port)
    # Of the family of the expected client.
    return Address(f"{scheme}{6 if ':' in words[0] else 4}", "", port)


def _scheme(config: Config) -> str:
    return "udp" if config.udp else "tcp"


def _split(word: str) -> tuple[str, str]:
    """Split ``host``, ``host:port``, ``[::1]:port`` or ``::1`` into host and port."""
    if word.startswith("["):
        host, _, rest = word[1:].partition("]")
        return host, rest.removeprefix(":")
    host, colon, port = word.partition(":")
    return (word, "") if ":" in port or not colon else (host, port)


def _port(word: str, config: Config) -> str:
    from ...transports.services import port_of

    number = whole(word, MOST_PORT) if is_digits(word) else port_of(word, _scheme(config))
    if number is None:
        raise UsageError(f"bad port '{word}'")
    return str(number)
