"""ncat's command line (nmap's netcat): words, endings, statuses.

What it says is in ncat_says.py. Where versions differ, the endings are those of 7.96.
"""

from __future__ import annotations

from typing import Any

from ..core.address import Address
from ..core.config import Config, Endings
from ..core.deadline import parse_duration
from ..core.errors import DialError, ListenError, OutputError, UsageError
from . import VERSION, About
from .ncat_says import NcatOptionError, complain, say
from .words import Manner, options_in, read

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
  -e --exec=COMMAND              Run COMMAND, without a shell, on the connection.
  -c --sh-exec=COMMAND           The same by /bin/sh.
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
     --ssl-cert=FILE             Our certificate (PEM); a listener without one makes its own.
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

#: Options of ncat that pync does not have, with what is said.
REFUSED = {
    "--lua-exec": "--lua-exec is not supported: pync runs no Lua.",
}

MANNER = Manner(
    unknown_short="invalid option -- '{0}'",
    unknown_long="unrecognized option '--{0}'",
    needs_short="option requires an argument -- '{0}'",
    needs_long="option '--{0}' requires an argument",
    takes_none="option '--{0}' doesn't allow an argument",
    ambiguous="option '--{0}' is ambiguous; possibilities: {1}",
)

DEFAULT_PORT = "31337"

#: Fields of options that may be given more than once.
REPEATED = frozenset({"verbose", "loose_route"})

#: vsock(7): ports have 32 bits, as CIDs have.
MOST_VSOCK = 0xFFFFFFFF

#: Hops and pointers for which an IPv4 header has room (RFC 791 3.1).
MOST_HOPS = 8
POINTERS = range(4, 29, 4)

#: Milliseconds are an int there.
MOST_SECONDS = 2_147_483

#: Field -> how a wrong duration of it is called.
DURATIONS = {
    "wait": "-w timeout",
    "idle_timeout": "-i timeout",
    "delay": "-d delay",
    "quit_after": "-q timeout",
}


def parse(argv: list[str]) -> Config:
    """Read a command line. Raises UsageError."""
    _refuse(argv)
    try:
        fields, words = read(USAGE, argv, MANNER, REPEATED)
    except UsageError as error:
        raise NcatOptionError(str(error)) from None
    for name, shown in DURATIONS.items():
        if fields[name] is not None:
            fields[name] = _duration(fields[name], shown)
    fields.update(_route(fields))
    config = Config(target=tuple(words), **fields)
    if config.help or config.version:
        return config
    if config.exec is not None and config.sh_exec is not None:
        raise UsageError("Only one of --exec, --sh-exec, and --lua-exec is allowed.")
    if config.listen and config.zero_io:
        raise UsageError("Services designed for LISTENING can't be used with -z")
    config = _with_tls(config)
    config = config._replace(address=_address(config, list(words)), endings=_endings(config))
    if config.zero_io:
        assert config.address is not None
        return config._replace(program="scanner", ports=(config.address.port,))
    if config.exec is not None or config.sh_exec is not None:
        return config._replace(program="executor")
    return config._replace(program="server" if config.listen else "client")


def status(error: Exception, _config: Config | None) -> int:
    """2 for what never began (a name, an address that is taken, usage), else 1."""
    if isinstance(error, DialError):
        return 1 if error.attempts or _is_path(error.address) else 2
    if isinstance(error, OutputError):
        return 2 if error.operation == "open" else 1
    return 2 if isinstance(error, (ListenError, UsageError)) else 1


def about(config: Config) -> About:
    """--version is on standard error, as ncat has it."""
    if config.help:
        return About(USAGE)
    return About(f"Ncat: Version {VERSION} (pync)\n", to_stderr=True)


def _refuse(argv: list[str]) -> None:
    known = {f"--{option.long}" for option in options_in(USAGE)}
    for word in argv:
        if word == "--":
            return
        name = word.partition("=")[0]
        if name in REFUSED:
            raise UsageError(REFUSED[name])
        if name in NOT_YET and name not in known:
            raise UsageError(f"{name} is not supported by this version of pync.")


#: Options of ncat that have no place here yet.
NOT_YET = frozenset(
    (
        "--max-conns",
        "--allow",
        "--allowfile",
        "--deny",
        "--denyfile",
        "--broker",
        "--chat",
        "--proxy",
        "--proxy-type",
        "--proxy-auth",
        "--proxy-dns",
        "--telnet",
        "-m",
        "-t",
    )
)


def _with_tls(config: Config) -> Config:
    """An option of TLS asks for TLS; the certificate is verified only when that is asked for."""
    names = ("verify", "cert", "key", "trustfile", "ciphers", "servername", "alpn")
    asked = config.ssl or any(getattr(config, f"ssl_{name}") for name in names)
    if asked and config.udp:
        raise UsageError("DTLS is not supported by pync.")
    verifies = config.ssl_verify or config.ssl_trustfile is not None
    return config._replace(ssl=asked, verifies=verifies)


def _duration(text: str, shown: str) -> float:
    try:
        seconds = parse_duration(text, shown)
    except UsageError:
        seconds = 0.0
    if not 0 < seconds < MOST_SECONDS:
        raise UsageError(
            f'Invalid {shown} "{text}" (must be greater than 0 and less than {MOST_SECONDS}s).'
        )
    return seconds


def _endings(config: Config) -> Endings:
    stays = config.keep_open and not config.listen
    return Endings(
        shutdown=not config.no_shutdown,
        on_peer_end="stay" if stays else "leave",
        quit_after=config.quit_after,
        leave_when_sent=config.send_only,
        idle=config.idle_timeout,
    )


# Targets.


def _address(config: Config, words: list[str]) -> Address:
    if config.unixsock:
        if not words:
            verb = "listen on" if config.listen else "connect to"
            raise UsageError(f"You have to specify path to a socket to {verb}.")
        return Address("unixgram" if config.udp else "unix", path=words[0])
    scheme = "vsock" if config.vsock else "sctp" if config.sctp else "tcp"
    if config.udp and config.vsock:
        raise UsageError("--vsock has no datagrams here.")
    if config.udp and scheme == "tcp":
        scheme = "udp"
    if config.source_port is not None:
        _check_source_port(config.source_port)
    ports = words if config.listen else words[1:]
    if len(words) > 2:
        raise UsageError(f"Got more than one port specification: {' '.join(ports)}.")
    if config.listen:
        host, port = _listen_on(config, words)
    else:
        if not words:
            raise UsageError("You must specify a host to connect to.")
        host, port = words[0], words[1] if len(words) == 2 else DEFAULT_PORT
    if config.vsock:
        return _vsock(host, port)
    return Address(scheme, host, _port(port, scheme))


def _vsock(cid: str, port: str) -> Address:
    for text, what in ((cid, "CID"), (port, "port number")):
        if text and not (text.isascii() and text.isdigit() and int(text) <= MOST_VSOCK):
            raise UsageError(f'Invalid {what} "{text}".')
    return Address("vsock", cid, port)


def _route(fields: dict[str, Any]) -> dict[str, object]:
    """The hops of every -g, and the pointer among them; for IPv4 only."""
    hops = [hop for text in fields["loose_route"] for hop in text.split(",") if hop]
    if len(hops) > MOST_HOPS:
        raise UsageError("Sorry, you gave too many source route hops.")
    text = fields["route_pointer"]
    if text is not None and (not text.isdigit() or int(text) not in POINTERS):
        raise UsageError(f"Invalid source-route hop pointer {text if text.isdigit() else 0}.")
    if hops and not fields["ipv4"]:
        raise UsageError("Sorry, -g can only currently be used with IPv4.")
    return {"loose_route": tuple(hops), "route_pointer": int(text) if text else None}


def _listen_on(config: Config, words: list[str]) -> tuple[str, str]:
    host = config.source or ""
    if len(words) == 2:
        return words[0], words[1]
    if len(words) == 1 and (words[0].isdigit() or config.vsock):
        return host, words[0]
    port = config.source_port or DEFAULT_PORT
    return (words[0] if words else host), port


def _port(text: str, scheme: str) -> str:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return text
    import socket

    try:
        return str(socket.getservbyname(text, scheme))
    except OSError:
        raise UsageError(f'Invalid port number "{text}".') from None


def _check_source_port(text: str) -> None:
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f'Invalid source port number "{text}".')
    if int(text) > 65535:
        raise UsageError(f"Invalid source port {text}.")


def _is_path(address: object) -> bool:
    return isinstance(address, Address) and bool(address.path)
