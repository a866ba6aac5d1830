"""pync's own command line: the USAGE, the Config that it means, and how it ends.

Its words for what happens are in pync_says.py.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.config import Config, Endings, over_tls
from ..core.deadline import parse_duration
from ..core.errors import PyncError, UsageError, detailed_status
from ..core.quantity import (
    parse_bytes,
    parse_count,
    parse_retry,
    parse_size,
    parse_ttl,
    unescape,
)
from ..core.until import Until
from . import about_from, own_status
from .proxies import chain, served
from .pync_says import complain, say
from .pync_usage import USAGE
from .targets import with_address
from .tos import parse_tos
from .words import Manner, options_in, plain, read

__all__ = ["USAGE", "about", "complain", "parse", "say", "status"]

#: The kinds of --exit-codes.
PLAIN, DETAILED = "plain", "detailed"

#: Options that contradict each other, with what is said.
CONFLICTS = (
    ("listen", "zero_io", "cannot use -z and -l"),
    ("ipv4", "ipv6", "cannot use -4 and -6"),
    ("send_only", "recv_only", "cannot use --send-only and --recv-only"),
    ("send_only", "no_stdin", "cannot use --send-only and -d"),
    ("shutdown", "no_shutdown", "cannot use -N and --no-shutdown"),
    ("unixsock", "ipv4", "cannot use -U and -4"),
    ("unixsock", "ipv6", "cannot use -U and -6"),
    ("udp", "md5sig", "cannot use -S and -u"),
    ("unixsock", "md5sig", "cannot use -S and -U"),
    ("interval", "delay", "cannot use -i and --delay"),
    ("listen", "pass_fd", "cannot use -F and -l"),
    ("zero_io", "pass_fd", "cannot use -F and -z"),
    ("proxy", "udp", "cannot use --proxy and -u"),
    ("retry", "listen", "cannot use --retry and -l"),
    ("banner", "udp", "cannot use --banner and -u"),
    ("ssl", "udp", "cannot use --ssl and -u: there is no DTLS here"),
    ("insecure", "ssl_verify", "cannot use --insecure and --ssl-verify"),
    ("exec", "sh_exec", "cannot use --exec and --sh-exec"),
    ("exec", "zero_io", "cannot use --exec and -z"),
    ("exec", "expect", "cannot use --exec and --expect"),
    *(
        (broker, other, f"cannot use --{broker} and {shown}")
        for broker in ("broker", "chat")
        for other, shown in (
            ("udp", "-u"),
            ("exec", "--exec"),
            ("sh_exec", "--sh-exec"),
            ("expect", "--expect"),
            ("until", "--until"),
            ("count", "--count"),
        )
    ),
)

#: Options that make no sense without another.
NEEDS = (
    ("keep_open", "listen", "must use -l with -k"),
    *(
        (name, "listen", f"--{name.replace('_', '-')} needs -l")
        for name in ("broker", "chat", "max_conns", "allow", "allowfile", "deny", "denyfile")
    ),
    ("random_ports", "zero_io", "-r needs -z"),
    ("broadcast", "udp", "-b needs -u"),
    ("accept_timeout", "listen", "--accept-timeout needs -l"),
    ("report_port", "listen", "--report-port needs -l"),
    ("banner", "zero_io", "--banner needs -z"),
    ("pipe_access", "listen", "--pipe-access needs -l"),
    ("pipe_remote", "listen", "--pipe-remote needs -l"),
)

#: Options that make no sense without one of several.
NEEDS_ONE = (
    ("append_output", ("output", "hex_dump"), "--append-output needs --output or --hex-dump"),
    ("timestamps", ("output", "hex_dump"), "--timestamps needs --output or --hex-dump"),
)


def _one_of(one: str, other: str) -> Callable[[str, str], str]:
    def choose(text: str, option: str) -> str:
        if text not in (one, other):
            raise UsageError(f"{option}: {text!r} is neither {one} nor {other}")
        return text

    return choose


#: How the text of an option becomes its value: (text, option) -> value.
VALUES: dict[str, Callable[[str, str], object]] = {
    **dict.fromkeys(
        (
            "wait",
            "quit_after",
            "interval",
            "delay",
            "idle_timeout",
            "connect_timeout",
            "banner",
            "accept_timeout",
        ),
        parse_duration,
    ),
    "count": parse_count,
    "max_conns": parse_count,
    "recv_limit": parse_count,
    "recv_buffer": parse_size,
    "send_buffer": parse_size,
    "ttl": parse_ttl,
    "min_ttl": parse_ttl,
    "tos": parse_tos,
    "delimiter": unescape,
    "rate": parse_bytes,
    "retry": parse_retry,
    "exit_codes": _one_of(PLAIN, DETAILED),
    "pipe_mode": _one_of("byte", "message"),
}

OPTIONS = options_in(USAGE)

#: A second one would silently replace what the first one asks for: another command, another
#: condition, another file to write. (Any other option can be given again to override it.)
ONLY_ONCE = ("exec", "sh_exec", "expect", "until", "output", "hex_dump", "report_port")

MANNER = Manner(
    accumulates=frozenset({"verbose", "proxy", "allow", "allowfile", "deny", "denyfile"}),
    once=tuple(
        (frozenset({name}), f"--{name.replace('_', '-')} can be given only once")
        for name in ONLY_ONCE
    ),
)

about = about_from("pync", USAGE)


def parse(argv: list[str]) -> Config:
    """Read a command line. Raises UsageError, which is one line."""
    argv = _spelled_out(argv)
    flags, _ = plain(argv, OPTIONS)
    if "--help" in flags or "--version" in flags:
        # Whatever else is wrong, a person who asks for help gets it.
        return Config(help="--help" in flags, version="--version" in flags)
    fields, words = read(USAGE, argv, MANNER, VALUES)
    config = Config(target=tuple(words), **fields)
    _check(config)
    config = with_address(config)._replace(verifies=not config.insecure)
    if config.random_ports:
        config = config._replace(ports=_shuffled(config.ports))
    config = config._replace(proxies=chain(config), serves=served(config))
    return config._replace(program=_program(config), endings=_endings(config))


def _spelled_out(argv: list[str]) -> list[str]:
    """``--report-port`` has a value of its own when none is given; docopt knows no such thing."""
    end = argv.index("--") if "--" in argv else len(argv)
    return [
        f"{word}=-" if word == "--report-port" and place < end else word
        for place, word in enumerate(argv)
    ]


def status(error: Exception, config: Config | None) -> int:
    """The exit status of an error; finer with --exit-codes=detailed."""
    if config is not None and config.exit_codes == DETAILED and isinstance(error, PyncError):
        return detailed_status(error)
    return own_status(error, config)


def _check(config: Config) -> None:
    for one, other, said in CONFLICTS:
        if getattr(config, one) and getattr(config, other):
            raise UsageError(said)
    for one, needed, said in NEEDS:
        if getattr(config, one) and not getattr(config, needed):
            raise UsageError(said)
    for one, needed_ones, said in NEEDS_ONE:
        if getattr(config, one) and not any(getattr(config, name) for name in needed_ones):
            raise UsageError(said)
    if config.until is not None:
        Until(config.until)  # refused now, not when somebody has connected


def _program(config: Config) -> str:
    if config.exec is not None or config.sh_exec is not None:
        return "executor"
    if config.broker or config.chat:
        return "broker"
    if config.serves is not None:
        return "proxy"
    return "scanner" if config.zero_io else "server" if config.listen else "client"


def _shuffled(ports: tuple[str, ...]) -> tuple[str, ...]:
    import random

    return tuple(random.sample(ports, len(ports)))


def _endings(config: Config) -> Endings:
    # A terminal is told apart where it is known: cli.py turns "finish" into "leave".
    on_peer_end = "stay" if config.half_open else "finish"
    endings = Endings(
        shutdown=not config.no_shutdown,
        on_peer_end=on_peer_end,
        quit_after=config.quit_after,
        leave_when_sent=config.send_only,
        idle=config.idle_timeout if config.idle_timeout is not None else config.wait,
    )
    # -N asks for close_notify at once.
    return endings if config.shutdown else over_tls(endings, config)
