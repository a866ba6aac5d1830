"""nc's command line (Debian's version of OpenBSD's netcat): words, endings, statuses.

Its messages are in messages.py. Numbers are checked, with the same errors, as by strtonum(3).
"""

from __future__ import annotations

import os

from ...core.config import Config, Proxy
from ...core.endings import Endings, OnPeerEnd
from ...core.errors import IdleTimeoutError, OutputGone, RelayError, UsageError
from .. import About
from ..argv import ArgvStyle, read
from ..proxies import one_proxy
from .messages import HELP, SHORT_USAGE, NcUsageError, complain, hears_everyone, say, summary
from .targets import with_address
from .values import PROXIES, VALUES

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
  -i --interval=INTERVAL         Pause between lines sent, or between ports scanned.
  -k --keep-open                 With -l: serve one client after the other.
  -l --listen                    Listen.
  -M --ttl=TTL                   TTL, or hop limit, of what is sent.
  -m --min-ttl=MINTTL            TTL, or hop limit, that what is received must have.
  -N --shutdown                  Send FIN when the input ends.
  -n --nodns                     Look up no names.
  -O --send-buffer=LENGTH        Size of the send buffer.
  -P --proxy-user=PROXYUSER      User for the proxy.
  -p --source-port=PORT          Port to connect from; with -l, to listen on.
  -q --quit-after=SECS           Leave so long after the input has ended.
  -r --random-ports              Ports in random order.
  -S --md5sig                    Set TCP_MD5SIG (RFC 2385).
  -s --source=SOURCEADDR         Address to connect from; with -l, to listen on.
  -T --tos=KEYWORD               Type of service.
  -t --telnet                    Answer telnet's negotiation.
  -U --unixsock                  A Unix socket.
  -u --udp                       UDP.
  -V --rtable=RTABLE             Another routing table.
  -v --verbose                   Say more.
  -W --recv-limit=RECVLIMIT      Leave after so many reads.
  -w --wait=TIMEOUT              Give up after so long without a connection or data.
  -X --proxy-protocol=PROTO      4, 4A, 5 or connect.
  -x --proxy-address=ADDR[:PORT]  The proxy.
  -Z --dccp                      DCCP.
  -z --zero-io                   Only see whether ports are open.
"""

#: getopt(3)'s texts; nc does not have long options.
ARGV_STYLE = ArgvStyle(
    unknown_short="invalid option -- '{0}'",
    needs_short="option requires an argument -- '{0}'",
    longs=False,
    overrides={"ipv4": "ipv6", "ipv6": "ipv4"},
    answers=frozenset({"help"}),
    error=NcUsageError,
)

#: (option, option, message): checked when all options are parsed.
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
    """Parse a command line. Raises UsageError (NcUsageError, where nc shows its usage)."""
    fields, words = read(USAGE, argv, ARGV_STYLE, VALUES)
    if fields.get("help"):
        return Config(help=True)
    if fields.get("proxy_protocol") == "4":
        fields["proxy_dns"] = "local"  # SOCKS 4 has addresses only
    # Addresses are tried in the order of getaddrinfo(3), each with the whole time of -w; for a
    # listener on ::, the system decides whether it accepts IPv4.
    config = Config(
        target=tuple(words), happy_eyeballs=False, dual_stack=True, own_path=True, **fields
    )
    _check(config)
    config = with_address(config)
    _check_proxy(config)
    if hears_everyone(config):
        # Its socket has no peer to send to.
        config = config._replace(recv_only=True)
    return config._replace(
        proxies=_proxies(config),
        program=_program(config),
        endings=_endings(config),
        on_peer_end=_on_peer_end(config),
    )


def status(error: Exception, _config: Config | None) -> int:
    """Return nc's exit status: 0 once there was a connection, also if it fails later."""
    return 0 if isinstance(error, (RelayError, IdleTimeoutError, OutputGone)) else 1


def about(_config: Config) -> About:
    """Return the answer to -h, on standard error as in nc."""
    return About(f"{HELP}\n{SHORT_USAGE}\n{summary(USAGE)}\n", to_stderr=True)


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
    # If it is not in the environment, the user is asked for the password, as with nc.
    password = os.environ.get("PYNC_PROXY_PASSWORD")
    if config.proxy_user is not None and (kind == "http" or password is not None):
        proxy = proxy._replace(user=config.proxy_user, password=password)
    return (proxy,)


def _check_proxy(config: Config) -> None:
    """Refuse an invalid proxy, so that pync never connects directly instead."""
    if config.proxy_address is None:
        return
    host, bracket, rest = config.proxy_address.rpartition("]")
    if config.proxy_address.startswith("[") and not bracket:
        raise UsageError("missing closing bracket in proxy")
    if host.startswith("[") and rest and not rest.startswith(":"):
        raise UsageError("garbage proxy port delimiter")


def _program(config: Config) -> str:
    # -F has precedence over -z, as in nc: the connection is for another program.
    if config.zero_io and not config.pass_fd:
        return "scan"
    return "server" if config.listen else "client"


def _endings(config: Config) -> Endings:
    waits = config.quit_after is not None and config.quit_after >= 0
    return Endings(
        shutdown=config.shutdown or waits,
        on_output_gone="finish",
        quit_after=config.quit_after if waits else None,
        idle=config.wait,
    )


def _on_peer_end(config: Config) -> OnPeerEnd:
    if not config.listen:
        return OnPeerEnd(terminal="stay")
    # A listener ends once the input that it has read is written; unlike nc, it does not cut off
    # a file, or a pipe that still has data.
    return OnPeerEnd(pipe="leave" if config.keep_open else "waiting")
