"""ncat's command line (nmap's netcat): words, endings, statuses.

Its messages are in messages.py. Where versions differ, the endings are those of 7.96.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core import VERSION
from ...core.address import Address
from ...core.config import BOTH_END, Config, is_dtls, over_tls
from ...core.deadline import parse_duration
from ...core.endings import Endings, OnPeerEnd
from ...core.errors import DialError, ListenError, OutputError, OutputGone, UsageError
from ...core.number import whole
from .. import About
from ..argv import ArgvStyle, read
from ..proxies import chain, served
from .messages import NcatOptionError, complain, is_proxy, is_silent, say
from .rules import check, notice, proxy_dns
from .targets import address, pointer, route, source_port

__all__ = ["USAGE", "about", "complain", "parse", "say", "status"]

USAGE = """\
Connect and redirect sockets, as ncat.

Usage:
  ncat [options] [--] [TARGET]...

Options:
  -4 --ipv4                      IPv4 only.
  -6 --ipv6                      IPv6 only.
  -U --unixsock                  A Unix socket.
  -u --udp                       UDP.
     --sctp                      SCTP.
     --vsock                     Between a machine and its guests; a host is a CID.
  -C --crlf                      Send CR LF for LF.
  -d --delay=TIME                Wait so long between reads.
  -o --output=FILE               Write what is sent and received to FILE.
  -x --hex-dump=FILE             The same as a hexadecimal dump.
     --append-output             Keep what these files hold.
  -i --idle-timeout=TIME         Give up after so long without data.
  -p --source-port=PORT          Port to connect from; with -l, to listen on.
  -s --source=ADDRESS            Address to connect from; with -l, to listen on.
  -g --loose-route=HOPS          Go by these hosts (IPv4): HOP,HOP; may be repeated.
  -G --route-pointer=N           Which of them is next: 4, 8, 12, ..., 28.
  -l --listen                    Listen.
     --proxy=PROXY               Connect through a proxy, HOST[:PORT].
     --proxy-type=TYPE           What it speaks: http, socks4, socks5; with -l be one (http).
     --proxy-auth=USER:PASSWORD  Who we are there.
     --proxy-dns=WHERE           Who looks the name up: remote, local, both, none.
  -e --exec=COMMAND              Run COMMAND, without a shell, on the connection.
  -c --sh-exec=COMMAND           The same by /bin/sh.
     --lua-exec=FILE             Run a Lua script on the connection (needs lupa).
     --broker                    With -l: what one client sends, all the others get.
  -t --telnet                    Answer TELNET's options with no, and leave them out.
     --chat                      The same for people: each line with its user's name.
  -m --max-conns=N               At most N clients at once (100).
     --allow=LIST                Let in only these: addresses, networks (10.0.0.0/8), ranges
                                 (10.0.0-3.*) and names, comma separated. May be repeated,
                                 like the next three; the lists add up.
     --allowfile=FILE            Let in only those in FILE; # begins a comment.
     --deny=LIST                 Keep these out; this beats --allow.
     --denyfile=FILE             Keep out those in FILE.
  -k --keep-open                 Serve more than one client; as a client, stay after its end.
  -n --nodns                     Look up no names.
  -q --quit-after=TIME           Leave so long after the input has ended.
  -v --verbose                   Say more.
  -w --wait=TIME                 Give up after so long without a connection.
  -z --zero-io                   Only see whether the port is open.
     --send-only                 Drop what is received; leave when the input is sent.
     --recv-only                 Send nothing.
     --no-shutdown               Send no FIN when the input ends.
     --ssl                       Secure the connection by TLS.
     --ssl-verify                Verify the peer's certificate.
     --ssl-cert=FILE             Our certificate (PEM, DER, PKCS#12); a listener makes its own.
     --ssl-key=FILE              Its private key.
     --ssl-trustfile=FILE        Whom to trust; a listener asks its clients for certificates.
     --ssl-ciphers=LIST          Cipher suites, as OpenSSL writes them.
     --ssl-servername=NAME       The name that the server's certificate must have.
     --ssl-alpn=LIST             Protocols to agree upon, comma separated (ALPN).
     --test                      Say on stderr when the listener is bound.
  -h --help                      Show this.
     --version                   Show the version.

TIME is in seconds, or 500ms, 3s, 2m, 1h.
"""

#: Fields of options that put a command behind the connection.
COMMANDS = ("exec", "sh_exec", "lua_exec")

ARGV_STYLE = ArgvStyle(
    unknown_short="invalid option -- '{0}'",
    unknown_long="unrecognized option '--{0}'",
    needs_short="option requires an argument -- '{0}'",
    needs_long="option '--{0}' requires an argument",
    takes_none="option '--{0}' doesn't allow an argument",
    ambiguous="option '--{0}' is ambiguous; possibilities: {1}",
    accumulates=frozenset({"verbose", "loose_route", "allow", "allowfile", "deny", "denyfile"}),
    once=(
        (
            frozenset(COMMANDS),
            "Only one of --exec, --sh-exec, and --lua-exec is allowed.",
        ),
        (frozenset({"proxy"}), "You can't specify more than one --proxy."),
        (frozenset({"proxy_auth"}), "You can't specify more than one --proxy-auth."),
        (frozenset({"proxy_type"}), "You can't specify more than one --proxy-type."),
    ),
    overrides={"ipv4": "ipv6", "ipv6": "ipv4"},
    answers=frozenset({"help", "version"}),
    error=NcatOptionError,
)

#: In ncat, milliseconds are an int.
MOST_SECONDS = 2_147_483

#: The default seconds to connect (-w).
CONNECT_TIMEOUT = 10.0

MOST_CONNS = 2**31 - 1


def _duration(shown: str) -> Callable[[str, str], float]:
    def convert(text: str, option: str) -> float:
        try:
            seconds = parse_duration(text, option)
        except UsageError:
            seconds = 0.0
        if not 0 < seconds < MOST_SECONDS:
            limits = f"must be greater than 0 and less than {MOST_SECONDS}s"
            raise UsageError(f'Invalid {shown} "{text}" ({limits}).')
        return seconds

    return convert


#: The functions that convert an option's text to its value.
VALUES: dict[str, Callable[[str, str], object]] = {
    "wait": _duration("-w timeout"),
    "idle_timeout": _duration("-i timeout"),
    "delay": _duration("-d delay"),
    "quit_after": _duration("-q timeout"),
    "route_pointer": pointer,
    "source_port": source_port,
    "proxy_dns": proxy_dns,
}


def parse(argv: list[str]) -> Config:
    """Parse a command line. Raises UsageError."""
    fields, words = read(USAGE, argv, ARGV_STYLE, VALUES)
    if fields.keys() & {"help", "version"}:
        return Config(help="help" in fields, version="version" in fields)
    fields.update(route(fields))
    if "proxy" in fields:
        fields["proxy"] = (fields["proxy"],)
    # Addresses are tried in the order of getaddrinfo(3), each with the whole time of -w.
    config = Config(target=tuple(words), happy_eyeballs=False, **fields)
    if config.udp:
        config = config._replace(broadcast=True)  # ncat sets it on every UDP socket
    if config.wait is None and not config.listen:
        config = config._replace(connect_timeout=CONNECT_TIMEOUT)
    if config.broker:
        config = config._replace(listen=True)
    config = _with_tls(config._replace(notice=notice(config)))
    check(config)
    config = _with_clients(config)
    config = _with_proxy(config)
    if config.broker or config.serves is not None or _has_command(config):
        # ncat answers TELNET only where it writes to standard output.
        config = config._replace(telnet=False)
    config = config._replace(
        address=address(config, list(words)),
        endings=_endings(config),
        on_peer_end=_on_peer_end(config),
        closes_output=True,
    )
    if config.zero_io:
        assert config.address is not None
        return config._replace(program="scan", ports=(config.address.service,))
    if _has_command(config):
        return config._replace(program="executor")
    if config.serves is not None:
        return config._replace(program="proxy")
    if config.broker or (config.listen and config.keep_open and not config.udp):
        return config._replace(program="broker")
    return config._replace(program="server" if config.listen else "client")


def status(error: Exception, config: Config | None) -> int:
    """Return 2 if nothing was started (a bad name, a used address, usage), else 1."""
    if is_silent(error, config):
        return 0
    if isinstance(error, DialError):
        began = error.attempts or _is_path(error.address) or is_proxy(error.address, config)
        return 1 if began else 2
    if isinstance(error, OutputGone):
        return 2
    if isinstance(error, OutputError):
        return 2 if error.operation == "open" else 1
    return 2 if isinstance(error, (ListenError, UsageError)) else 1


def about(config: Config) -> About:
    """Return the answer to -h and --version; --version is on standard error, as in ncat."""
    if config.help:
        return About(USAGE)
    return About(f"Ncat: Version {VERSION} (pync)\n", to_stderr=True)


def _has_command(config: Config) -> bool:
    return any(getattr(config, name) is not None for name in COMMANDS)


def _with_tls(config: Config) -> Config:
    """Return the Config with TLS if any TLS option is given; verification is off by default."""
    names = ("verify", "cert", "key", "trustfile", "ciphers", "servername", "alpn")
    asked = config.ssl or any(getattr(config, f"ssl_{name}") for name in names)
    verifies = config.ssl_verify or config.ssl_trustfile is not None
    return config._replace(ssl=asked, verifies=verifies, lenient=True)


def _with_clients(config: Config) -> Config:
    """Return the Config with the limit of clients; check the broker's options."""
    if config.broker or config.chat:
        if config.udp:
            raise UsageError("UDP mode does not support connection brokering.")
        if config.unixsock:
            raise UsageError("Connection brokering not supported when using Unix domain sockets.")
        if _has_command(config):
            raise UsageError("Invalid option combination: --broker and -e.")
        config = config._replace(broker=True, keep_open=True)
    if config.max_conns is not None and not config.listen:
        raise UsageError("Invalid option combination: `--max-conns' with connect.")
    text = str(config.max_conns) if config.max_conns is not None else "100"
    most = whole(text, MOST_CONNS)
    if not most:
        raise UsageError(f'Invalid connection limit "{text}".')
    if not config.listen or (config.proxy_type is not None and config.max_conns is None):
        return config._replace(max_conns=None)  # a proxy has no limit by default
    return config._replace(max_conns=most)


def _with_proxy(config: Config) -> Config:
    """Return the Config with the proxy to connect through, or with -l, to serve as."""
    if config.unixsock and (config.proxy_type or config.proxy):
        raise UsageError("Proxy option not supported when using Unix domain sockets.")
    if config.listen:
        return _with_proxy_server(config)
    if config.proxy_type is not None and config.proxy_type not in ("http", "socks4", "socks5"):
        raise UsageError(f'Invalid proxy type "{config.proxy_type}".')
    return config._replace(proxies=chain(config, as_given=True))


def _with_proxy_server(config: Config) -> Config:
    if config.proxy:
        raise UsageError("Invalid option combination: --proxy and -l.")
    if config.proxy_type not in (None, "http"):
        raise UsageError(
            f'Invalid proxy type "{config.proxy_type}"; Ncat proxy server only supports "http".'
        )
    return config._replace(serves=served(config))


def _endings(config: Config) -> Endings:
    endings = Endings(
        shutdown=not config.no_shutdown,
        on_output_gone="stay",
        quit_after=config.quit_after,
        quit_fails=config.quit_after is not None,
        leave_when_sent=config.send_only,
        answer_wait=None if config.listen else 0,
        idle=config.idle_timeout,
    )
    return over_tls(endings, config)


def _on_peer_end(config: Config) -> OnPeerEnd:
    if is_dtls(config):
        return BOTH_END
    if config.listen:
        return OnPeerEnd(pipe="leave" if config.keep_open else "waiting")
    # 7.96 and later end even with unsent input; pync does not drop input.
    return OnPeerEnd(terminal="stay" if config.keep_open else "leave")


def _is_path(address: object) -> bool:
    return isinstance(address, Address) and bool(address.path)
