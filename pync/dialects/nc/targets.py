"""nc's targets: hosts, ports, port ranges and paths. Pure, except for service names."""

from __future__ import annotations

from ...core.address import Address
from ...core.config import Config
from ...core.errors import UsageError
from ...core.number import is_digits, whole
from .messages import NcUsageError
from .values import port_number

#: getaddrinfo(3) reads an unsigned long and keeps 16 bits of it.
MOST_PORT = 2**64 - 1


def with_address(config: Config) -> Config:
    """Return the Config with the address of its words.

    Raises UsageError (NcUsageError, where nc shows its usage).
    """
    words = list(config.target)
    if config.unixsock:
        return _with_path(config, words)
    if not words and not config.listen:
        raise NcUsageError("")
    scheme = "udp" if config.udp else "tcp"
    if config.listen:
        host, port = _listen_on(config, words)
        if not host and not config.ipv6:
            # nc uses the first address of a passive lookup.
            scheme += "4"
        return config._replace(address=Address(scheme, host, _own_port(port, config)))
    if config.source_port is not None:
        config = config._replace(source_port=_own_port(config.source_port, config))
    if len(words) > 2:
        ports = words[1:]
    elif len(words) < 2:
        raise UsageError("missing port number") if words else NcUsageError("")
    else:
        ports = [words[1]]
    found = _ports(ports, config)
    return config._replace(address=Address(scheme, words[0], found[0]), ports=found)


def _with_path(config: Config, words: list[str]) -> Config:
    path = _path_to_listen_on(config, words) if config.listen else _path_to_dial(config, words)
    address = Address("unixgram" if config.udp else "unix", path=path)
    if config.listen:
        return config._replace(address=address, source=None)
    return config._replace(address=address, ports=("",) if config.zero_io else ())


def _path_to_listen_on(config: Config, words: list[str]) -> str:
    """Return the path to listen on: the word, or the value of -s."""
    if len(words) > 2 or (words and (config.source, config.source_port) != (None, None)):
        raise NcUsageError("")
    if len(words) == 2 or config.source_port is not None:
        raise UsageError("cannot use port with -U")
    if words:
        return words[0]
    if config.source is None:
        raise UsageError("missing socket pathname")
    return config.source


def _path_to_dial(config: Config, words: list[str]) -> str:
    """Return the path to connect to; -s is the path that a datagram client binds for answers."""
    if len(words) > 1:
        raise UsageError("cannot use port with -U")
    if not words or config.source_port is not None:
        raise NcUsageError("")
    if config.source is not None and not config.udp:
        raise NcUsageError("")
    return words[0]


def _listen_on(config: Config, words: list[str]) -> tuple[str, str]:
    if words and config.source is not None:
        raise NcUsageError("")
    if config.source_port is not None:
        if len(words) > 1:
            raise NcUsageError("")
        return (words[0] if words else config.source or ""), config.source_port
    if len(words) == 1:
        return "", words[0]
    if len(words) == 2:
        return words[0], words[1]
    raise UsageError("missing port number") if not words else NcUsageError("")


def _own_port(text: str, config: Config) -> str:
    """Return our own port; nc lets the C library look services up, with its errors."""
    if is_digits(text):
        number = whole(text, MOST_PORT)
        # nc treats 70000 as 4464, and would listen there.
        if number is None or (config.listen and number > 65535):
            raise UsageError(f"port number too large: {text}")
        return str(number % 65536)
    if _service_port(text, config) is None:
        raise UsageError("getaddrinfo: Servname not supported for ai_socktype")
    return text


def _ports(words: list[str], config: Config) -> tuple[str, ...]:
    ports: list[str] = []
    for word in words:
        low, dash, high = word.partition("-")
        if dash and low:
            first, last = sorted((port_number(low), port_number(high)))
            ports += [str(port) for port in range(first, last + 1)]
        else:
            ports.append(str(_service(word, config)))
    if config.random_ports:
        import random

        random.shuffle(ports)
    return tuple(ports)


def _service(word: str, config: Config) -> int:
    port = None if is_digits(word) else _service_port(word, config)
    return port_number(word) if port is None else port


def _service_port(word: str, config: Config) -> int | None:
    from ...transports.services import port_of

    return port_of(word, "udp" if config.udp else "tcp")
