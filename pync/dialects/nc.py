"""nc's command line (OpenBSD's netcat as Debian has it): words, endings, statuses.

What it says is in nc_says.py. Numbers are checked, and complained of, as strtonum(3) does.
"""

from __future__ import annotations

import os

from ..core.address import Address
from ..core.config import Config, Endings, Proxy
from ..core.errors import IdleTimeoutError, RelayError, UsageError
from . import About
from .nc_says import HELP, SHORT_USAGE, NcUsageError, complain, say
from .nc_values import PROXIES, VALUES, port_number
from .proxies import one_proxy
from .words import Manner, read

__all__ = ["USAGE", "about", "complain", "parse", "say", "status"]

USAGE = """\
Usage:
  nc [options] [--] [TARGET]...

Options:
  -4 --ipv4                      IPv4 only.
  -6 --ipv6                      IPv6 only.
  -b --broadcast                 Allow broadcast.
  -C --crlf                      Send CR LF for LF.
  -D --debug-socket              Set SO_DEBUG.
  -d --no-stdin                  Do not read standard input.
  -F --pass-fd                   Pass the connected socket over standard output, and leave.
  -h --help                      Show the help.
  -I --recv-buffer=LENGTH        Size of the receive buffer.
  -i --interval=SECONDS          Pause between lines sent, or between ports scanned.
  -k --keep-open                 With -l: serve one client after the other.
  -l --listen                    Listen.
  -M --ttl=TTL                   TTL, or hop limit, of what is sent.
  -m --min-ttl=TTL               TTL, or hop limit, that what is received must have.
  -N --shutdown                  Send FIN when the input ends.
  -n --nodns                     Look up no names.
  -O --send-buffer=LENGTH        Size of the send buffer.
  -P --proxy-user=NAME           User for the proxy.
  -p --source-port=PORT          Port to connect from; with -l, to listen on.
  -q --quit-after=SECONDS        Leave so long after the input has ended.
  -r --random-ports              Ports in random order.
  -S --md5sig                    Set TCP_MD5SIG (RFC 2385).
  -s --source=ADDRESS            Address to connect from; with -l, to listen on.
  -T --tos=KEYWORD               Type of service.
  -t --telnet                    Answer telnet's negotiation.
  -U --unixsock                  A Unix socket.
  -u --udp                       UDP.
  -V --rtable=TABLE              Another routing table.
  -v --verbose                   Say more.
  -W --recv-limit=COUNT          Leave after so many reads.
  -w --wait=SECONDS              Give up after so long without a connection or data.
  -X --proxy-protocol=PROTOCOL   4, 5 or connect.
  -x --proxy-address=ADDRESS     The proxy, HOST[:PORT].
  -Z --dccp                      DCCP.
  -z --zero-io                   Only see whether ports are open.
"""

#: getopt(3)'s texts; nc knows no long options.
MANNER = Manner(
    unknown_short="invalid option -- '{0}'",
    needs_short="option requires an argument -- '{0}'",
    longs=False,
    overrides={"ipv4": "ipv6", "ipv6": "ipv4"},
    answers=frozenset({"help"}),
    error=NcUsageError,
)


#: (option, option, what is said): checked when all options are read.
CONFLICTS = (
    ("listen", "zero_io", "cannot use -z and -l"),
    ("pass_fd", "unixsock", "cannot use -F and -U"),
    ("dccp", "unixsock", "cannot use -Z and -U"),
    ("udp", "proxy_address", "no proxy support for UDP mode"),
    ("listen", "proxy_address", "no proxy support for listen"),
    ("dccp", "proxy_address", "no proxy support for DCCP mode"),
    ("unixsock", "proxy_address", "no proxy support for unix sockets"),
    ("source", "proxy_address", "no proxy support for local source address"),
)


def parse(argv: list[str]) -> Config:
    """Read a command line. Raises UsageError (NcUsageError, where nc shows its usage)."""
    fields, words = read(USAGE, argv, MANNER, VALUES)
    if fields["help"]:
        return Config(help=True)
    config = Config(target=tuple(words), **fields)
    _check(config)
    config = _with_address(config)
    _check_proxy(config)
    return config._replace(
        proxies=_proxies(config), program=_program(config), endings=_endings(config)
    )


def status(error: Exception, _config: Config | None) -> int:
    """nc ends with 0 whatever becomes of a connection that it had."""
    return 0 if isinstance(error, (RelayError, IdleTimeoutError)) else 1


def about(_config: Config) -> About:
    """-h: on standard error, as nc."""
    return About(f"{HELP}\n{SHORT_USAGE}\n", to_stderr=True)


def _check(config: Config) -> None:
    for one, other, said in CONFLICTS:
        if getattr(config, one) and getattr(config, other):
            raise UsageError(said)
    if config.keep_open and not config.listen:
        raise UsageError("must use -l with -k")
    if config.dccp:
        raise UsageError("no DCCP support available")


def _proxies(config: Config) -> tuple[Proxy, ...]:
    if config.proxy_address is None:
        return ()
    kind = PROXIES[config.proxy_protocol or "5"]
    proxy = one_proxy(config.proxy_address, kind)
    # Without it in the environment the password is asked for on the terminal, as theirs does.
    password = os.environ.get("PYNC_PROXY_PASSWORD")
    if config.proxy_user is not None and (kind == "http" or password is not None):
        proxy = proxy._replace(user=config.proxy_user, password=password)
    return (proxy,)


def _check_proxy(config: Config) -> None:
    """Never go straight to a host that was to be reached through a proxy."""
    if config.proxy_address is None:
        return
    host, bracket, rest = config.proxy_address.rpartition("]")
    if config.proxy_address.startswith("[") and not bracket:
        raise UsageError("missing closing bracket in proxy")
    if host.startswith("[") and rest and not rest.startswith(":"):
        raise UsageError("garbage proxy port delimiter")


def _program(config: Config) -> str:
    # -F wins over -z, as there: the connection is for somebody else.
    if config.zero_io and not config.pass_fd:
        return "scanner"
    return "server" if config.listen else "client"


def _endings(config: Config) -> Endings:
    waits = config.quit_after is not None and config.quit_after >= 0
    return Endings(
        shutdown=config.shutdown or waits,
        # A listener leaves at its peer's end; what was typed before is sent first.
        on_peer_end="finish" if config.listen else "stay",
        quit_after=config.quit_after if waits else None,
        idle=config.wait,
    )


# Targets.


def _with_address(config: Config) -> Config:
    words = list(config.target)
    if config.unixsock:
        return _with_path(config, words)
    if not words and not config.listen:
        raise NcUsageError("")
    scheme = "udp" if config.udp else "tcp"
    if config.listen:
        host, port = _listen_on(config, words)
        if not host and not config.ipv6:
            # Theirs takes the first address that a passive lookup gives.
            scheme += "4"
        return config._replace(address=Address(scheme, host, _own_port(port, config)))
    if config.source_port is not None:
        _own_port(config.source_port, config)
    if len(words) > 2:
        ports = words[1:]
    elif len(words) < 2:
        raise UsageError("missing port number") if words else NcUsageError("")
    else:
        ports = [words[1]]
    found = _ports(ports, config)
    return config._replace(address=Address(scheme, words[0], found[0]), ports=found)


def _with_path(config: Config, words: list[str]) -> Config:
    if not words:
        raise UsageError("missing socket pathname") if config.listen else NcUsageError("")
    if len(words) > 1:
        raise UsageError("cannot use port with -U") if len(words) == 2 else NcUsageError("")
    if config.source is not None or config.source_port is not None:
        raise NcUsageError("")
    address = Address("unixgram" if config.udp else "unix", path=words[0])
    return config._replace(address=address, ports=("",) if config.zero_io else ())


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
    """A port of ours; the C library finds the service, so the error is its own."""
    if text.isascii() and text.isdigit():
        # Theirs takes 70000, and listens on 4464.
        if config.listen and int(text) > 65535:
            raise UsageError(f"port number too large: {text}")
        return text
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
    port = None if word.isdigit() else _service_port(word, config)
    return port_number(word) if port is None else port


def _service_port(word: str, config: Config) -> int | None:
    import socket

    try:
        return socket.getservbyname(word, "udp" if config.udp else "tcp")
    except OSError:
        return None
