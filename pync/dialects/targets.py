"""The words of targets: ``HOST PORT``, ``HOST:PORT``, addresses, port lists. Pure."""

from __future__ import annotations

from ..core.address import DATAGRAMS, INHERITED, Address, check_port, is_url, split_host_port
from ..core.address import parse as parse_address
from ..core.config import Config
from ..core.errors import UsageError, shortened
from ..core.number import is_digits, whole

#: The limit of ports of one scan; a typing error must not cause millions.
MOST_PORTS = 65_536


#: How addresses begin that are secured -> the address below.
SECURED = {"tls://": "tcp://", "dtls://": "udp://"}


def with_address(config: Config) -> Config:
    """Return the Config with the address, and for a scan the ports, of its words.

    Raises UsageError.
    """
    words = list(config.target)
    if config.unixsock:
        return _with_path(config, _path(config, words))
    for secured, plain in SECURED.items():
        if len(words) == 1 and words[0].startswith(secured):
            config = config._replace(ssl=True)
            words[0] = plain + words[0].removeprefix(secured)
    if len(words) == 1 and is_url(words[0]):
        return _with_url(config, parse_address(words[0]))
    # With any number of words: an empty host is probably an unset variable in a script.
    if not config.listen and words and not words[0]:
        raise UsageError("HOST is empty")
    scheme = "udp" if config.udp else "tcp"
    if config.listen:
        host, port = listen_on(config, words)
        check_port_word(port)
        return config._replace(address=Address(scheme, host, port))
    if config.source_port is not None:
        check_port_word(config.source_port, "-p")
    host, ports = connect_to(words)
    if not config.zero_io:
        if len(ports) != 1:
            raise UsageError("too many words: give one HOST and one PORT")
        check_port_word(ports[0])
        return config._replace(address=Address(scheme, host, ports[0]))
    to_scan = port_list(ports)
    return config._replace(address=Address(scheme, host, to_scan[0]), ports=to_scan)


def _with_url(config: Config, address: Address) -> Config:
    if config.udp and address.scheme not in (*DATAGRAMS, *INHERITED):
        raise UsageError(f"cannot use -u with {address}")
    if address.scheme in INHERITED and not config.listen:
        raise UsageError(f"{address} is a listening socket: pync -l {address}")
    if not (config.listen or address.host or address.path):
        raise UsageError(f"{address} has no host to connect to")
    if address.scheme in ("unix", "unixgram"):
        return _with_path(config, address)
    if config.zero_io and not address.service:
        raise UsageError(f"cannot use -z with {address}")
    if config.zero_io:
        return config._replace(address=address, ports=port_list([address.service]))
    return config._replace(address=address)


def _with_path(config: Config, address: Address) -> Config:
    if config.banner is not None:
        raise UsageError(f"cannot use --banner with {address}")
    # A path is scanned as a single port without a name.
    return config._replace(address=address, ports=("",) if config.zero_io else ())


def _path(config: Config, words: list[str]) -> Address:
    path = words or ([config.source] if config.listen and config.source else [])
    if len(path) != 1 or not path[0]:
        raise UsageError("-U takes one PATH")
    return Address("unixgram" if config.udp else "unix", path=path[0])


def listen_on(config: Config, words: list[str]) -> tuple[str, str]:
    """Return a listener's host and port, from ``[HOST] PORT``, -s and -p. Raises UsageError."""
    host = config.source or ""
    if len(words) > 2:
        raise UsageError("too many words: -l takes [HOST] PORT")
    if config.source_port is not None:
        if len(words) == 2 or (words and is_digits(words[0])):
            raise UsageError(f"two ports, -p {config.source_port} and {words[-1]}: give one")
        if words and host:
            raise UsageError(f"two addresses, -s {host} and {words[0]}: give one")
        return (unbracketed(words[0]) if words else host), config.source_port
    if len(words) == 2:
        if host:
            raise UsageError(f"two addresses, -s {host} and {words[0]}: give one")
        if any(is_url(word) for word in words):
            raise UsageError("an address in URL form stands alone: pync -l tcp://HOST:PORT")
        return unbracketed(words[0]), words[1]
    if not words:
        raise UsageError("-l needs a PORT")
    if ":" in words[0]:
        return split_host_port(words[0], words[0])
    return host, words[0]


def connect_to(words: list[str]) -> tuple[str, list[str]]:
    """Return the host and the port words of a connection. Raises UsageError."""
    if not words:
        raise UsageError(
            "HOST and PORT are missing: pync HOST PORT connects, pync -l PORT listens "
            "(pync -h for help)"
        )
    if len(words) == 1:
        if ":" in words[0]:
            host, port = split_host_port(words[0], words[0])
            return host or "localhost", [port]
        if words[0] == "help":
            raise UsageError("PORT is missing (for help: pync -h)")
        what = "HOST" if is_digits(words[0]) else "PORT"
        raise UsageError(f"{what} is missing (pync HOST PORT, or pync -l PORT)")
    _check_words(words)
    return unbracketed(words[0]), words[1:]


def _check_words(words: list[str]) -> None:
    """Refuse words that are not HOST PORT, with a message what to type."""
    host, *ports = words
    if any(is_url(word) for word in words):
        raise UsageError(
            "an address in URL form stands alone; to join two of them: pync ADDRESS OTHER_ADDRESS"
        )
    if _has_port(host):
        raise UsageError(f"two ports, {host} and {ports[0]}: give one")
    # A single number is an IPv4 address (inet_aton(3)), but those of 0.0.0.0/16 are useless,
    # except for 0, which is this machine.
    if len(words) == 2 and whole(host, 65535) and not _is_port_list(ports[0]):
        raise UsageError(
            f"{shortened(ports[0])} is not a port; HOST comes first: pync {ports[0]} {host}"
        )


def _has_port(word: str) -> bool:
    """Return whether a word is HOST:PORT; an IPv6 host is in brackets."""
    host, _, port = word.rpartition(":")
    is_host = host != "" and (":" not in host or (host[0] == "[" and host[-1] == "]"))
    return is_host and is_digits(port)


def _is_port_list(word: str) -> bool:
    return word != "" and word.strip("0123456789,-") == ""


def unbracketed(host: str) -> str:
    """Return ``[::1]`` as ``::1``: brackets are only needed where a colon and a port follow."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") and ":" in host else host


def check_port_word(port: str, option: str = "") -> None:
    """Check that a word can be a port: a number or a service's name. Raises UsageError."""
    if not port:
        raise UsageError(f"{option or 'PORT'} is empty")
    if is_digits(port.lstrip("-")):
        check_port(port, option)


def port_list(words: list[str]) -> tuple[str, ...]:
    """Return the ports of lists (80,443), ranges (20-30) and service names. Raises UsageError."""
    ports: list[str] = []
    for word in ",".join(words).split(","):
        low, dash, high = word.partition("-")
        if dash and is_digits(low) and is_digits(high):
            first, last = sorted((check_port(low), check_port(high)))
            ports += [str(port) for port in range(first, last + 1)]
        elif word:
            check_port_word(word)
            ports.append(word)
    if not ports or len(ports) > MOST_PORTS:
        raise UsageError(f"give 1 to {MOST_PORTS} ports to scan")
    return tuple(ports)
