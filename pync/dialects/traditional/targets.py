"""nc.traditional's targets: a host, and ports, ranges or services. Pure, except for names."""

from __future__ import annotations

import re

from ...core.address import Address
from ...core.config import Config
from ...core.errors import UsageError
from ...core.number import is_digits, whole

MOST_PORT = 65535

MOST_HOPS = 8

#: The hyphen of a range: one without a backslash before it.
_RANGE = re.compile(r"(?<!\\)-")


def with_address(config: Config) -> Config:
    """Return the Config with the address of its words; only IPv4. Raises UsageError."""
    if len(config.loose_route) > MOST_HOPS:
        raise UsageError("too many -g hops")
    scheme = "udp4" if config.udp else "tcp4"
    words = config.target
    if config.source_port is not None:
        config = config._replace(source_port=_one_port(config.source_port, config, "local port"))
    if config.nodns:
        for host in filter(None, (*words[:1], config.source)):
            _check_numeric(host)
    if config.listen:
        return config._replace(address=_listen_on(config, scheme))
    if not words:
        raise UsageError("no destination")
    if len(words) == 1:
        raise UsageError("no port[s] to connect to")
    ports = _ports(words[1:], config)
    return config._replace(address=Address(scheme, words[0], ports[0]), ports=ports)


def _listen_on(config: Config, scheme: str) -> Address:
    if config.udp and config.source_port is None:
        raise UsageError("UDP listen needs -p arg")
    if len(config.target) > 1:
        raise UsageError("the port of a client cannot be asked for; its host can")
    return Address(scheme, config.source or "", config.source_port or "0")


def _ports(words: tuple[str, ...], config: Config) -> tuple[str, ...]:
    ports: list[str] = []
    for word in words:
        low, *high = _RANGE.split(word, maxsplit=1)
        first = int(_one_port(low, config))
        last = int(_one_port(high[0], config)) if high else first
        # From the highest to the lowest, as in nc.traditional.
        ports += [str(port) for port in range(max(first, last), min(first, last) - 1, -1)]
    if config.random_ports:
        import random

        random.shuffle(ports)
    return tuple(ports)


def _one_port(word: str, config: Config, name: str = "port") -> str:
    number = whole(word, MOST_PORT) if is_digits(word) else _service(word, config)
    if not number:
        raise UsageError(f"invalid {name} {word}")
    return str(number)


def _service(word: str, config: Config) -> int | None:
    from ...transports.services import port_of

    return port_of(word.replace("\\-", "-"), "udp" if config.udp else "tcp")


def _check_numeric(host: str) -> None:
    import socket

    try:
        socket.inet_aton(host)
    except (OSError, UnicodeError):  # UnicodeError: a byte that is not UTF-8 (PEP 383)
        raise UsageError(f"Can't parse {host} as an IP address") from None
