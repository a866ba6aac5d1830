"""pync's own command line: parsing, the endings and the exit statuses.

Its messages are in messages.py.
"""

from __future__ import annotations

import os

from ...core import events
from ...core.address import WEBSOCKETS
from ...core.config import ANYONE, BOTH_END, Config, is_dtls, over_tls
from ...core.endings import Endings, OnPeerEnd
from ...core.errors import PyncError, UsageError, detailed_status, shortened
from ...core.typed import TYPE_CHECKING
from .. import About, Said, about_from, own_status
from ..argv import ArgvStyle, plain, read
from ..targets import with_address
from .usage import USAGE

if TYPE_CHECKING:
    from ..argv import Values

__all__ = ["USAGE", "about", "complain", "parse", "say", "status"]


#: A second one would silently replace the first one: another command, another condition, another
#: file to write. (Any other option can be given again to override it.)
ONLY_ONCE = ("exec", "sh_exec", "expect", "until", "output", "hex_dump", "report_port")

ARGV_STYLE = ArgvStyle(
    accumulates=frozenset(
        {
            "verbose",
            "proxy",
            "allow",
            "allowfile",
            "deny",
            "denyfile",
            "allow_target",
            "deny_target",
            "to",
            "fault",
            "header",
            "origin",
            "subprotocol",
        }
    ),
    once=tuple(
        (frozenset({name}), f"--{name.replace('_', '-')} can be given only once")
        for name in ONLY_ONCE
    ),
)

#: Seconds without an answer after which a datagram client ends, once its input is over.
ANSWER_WAIT = 1.0

_about = about_from("pync", USAGE)

#: The events that are reported only with -v: most of them. (Their names, as most starts need no
#: event of a listener.)
ONLY_VERBOSELY = frozenset(
    {
        "Accepted",
        "AttemptFailed",
        "Closed",
        "Connected",
        "Denied",
        "Dialled",
        "Dropped",
        "Finished",
        "Listening",
        "PeerProcess",
        "Proxied",
        "Secured",
        "Trying",
        "Upgraded",
        "WebsocketClosed",
    }
)


def say(event: events.Event, config: Config, interactive: bool) -> Said:
    """Return the message for an event on stderr; None for none."""
    if not config.verbose and (
        type(event).__name__ in ONLY_VERBOSELY
        or (type(event) is events.Scanned and event.state == "closed")  # most ports of a scan
    ):
        return None
    if isinstance(event, events.PeerEnded) and not interactive:
        return None
    from .messages import say as message

    return message(event, config, interactive)


def complain(error: Exception, config: Config | None) -> str | None:
    """Return the line about an error, with a hint."""
    from .messages import complain as message

    return message(error, config)


def about(config: Config) -> About:
    """Return the help or one of its groups, the version, or a completion script.

    Raises UsageError.
    """
    if config.help and len(config.target) == 1:
        from .groups import groups

        return About(groups().get(config.target[0].lower(), USAGE))
    if config.completion is None:
        return _about(config)
    from ..completion import script
    from .completed import completed

    return About(script(config.completion, completed(ARGV_STYLE.accumulates)))


def parse(argv: list[str]) -> Config:
    """Parse a command line. Raises UsageError, with one line of text."""
    end = argv.index("--") if "--" in argv else len(argv)
    argv = [_in_our_spelling(word) for word in argv[:end]] + argv[end:]
    try:
        return _read(_spelled_out(argv))
    except UsageError as error:
        from .hints import with_meaning

        raise UsageError(with_meaning(str(error), argv)) from None


def _in_our_spelling(word: str) -> str:
    return "--colour" + word[7:] if word == "--color" or word.startswith("--color=") else word


def _read(argv: list[str]) -> Config:
    flags, words = plain(argv, USAGE)
    if "--help" in flags or "--version" in flags:
        # --help works even if other words are wrong; --help tls shows one group.
        return Config(help="--help" in flags, version="--version" in flags, target=tuple(words))
    for flag in flags:
        if flag.startswith("--completion="):
            return Config(completion=flag.partition("=")[2])
    fields, words = read(USAGE, argv, ARGV_STYLE, _values(flags))
    config = Config(target=tuple(words), **fields)
    if config.control_client:
        from .controlling import asking

        return asking(config)
    if config.to or any(word == "-" or ":" in word for word in words):
        from .joining import with_onward

        config = with_onward(config)
    if fields:
        from . import rules

        config = with_address(rules.implied(config))
        rules.check_address(config)
    else:
        config = with_address(config)
    if config.address is not None and config.address.scheme in WEBSOCKETS:
        from .websockets import settled

        config = settled(config)
    if config.onward:
        from .joining import check, with_faults

        check(config)
        if config.fault or config.control:
            config = with_faults(config)
    if config.until is not None:
        from ...core.until import Until

        Until(config.until)  # refuse it now, not after a client has connected
    if config.listen:
        # Its messages are about clients: when descriptors have run out, an import fails (EMFILE).
        from . import hints, messages  # noqa: F401
    config = config._replace(verifies=not config.insecure)
    if config.random_ports:
        import random

        config = config._replace(ports=tuple(random.sample(config.ports, len(config.ports))))
    if config.proxy or config.proxy_type or config.proxy_auth or config.proxy_auth_file:
        from ..proxies import chain, served

        config = config._replace(proxies=chain(config), serves=served(config))
    if config.exec is not None and (config.listen or config.reconnect):
        # Last, because contradictory options are wrong on every system.
        _check_command(config.exec)
    return config._replace(
        program=_program(config),
        endings=_endings(config),
        on_peer_end=_on_peer_end(config),
        closes_output=True,
        filters_screen=not config.raw,
    )


def _values(flags: list[str]) -> Values:
    if not any("=" in flag for flag in flags):
        return {}
    from .values import VALUES

    return VALUES


def _check_command(command: str) -> None:
    """Check that a command exists before clients connect. Raises UsageError."""
    import shlex
    import shutil

    try:
        words = shlex.split(command, posix=os.name != "nt")
    except ValueError:
        return  # starting the command will report the error
    if words and shutil.which(words[0].strip('"')) is None:
        raise UsageError(
            f"--exec: there is no command {shortened(words[0])} (for a shell command use --sh-exec)"
        )


#: Options whose value may be omitted, and the default; a USAGE cannot describe this.
_VALUE_WITHOUT = {
    "--report-port": "-",
    "--accept-proxy-protocol": ANYONE,
    "--reconnect": "1",
    "--colour": "always",
}


def _spelled_out(argv: list[str]) -> list[str]:
    end = argv.index("--") if "--" in argv else len(argv)
    return [
        f"{word}={_VALUE_WITHOUT[word]}" if word in _VALUE_WITHOUT and place < end else word
        for place, word in enumerate(argv)
    ]


def status(error: Exception, config: Config | None) -> int:
    """Return the exit status of an error; a detailed one with --exit-codes=detailed."""
    if config is not None and config.exit_codes is not None and isinstance(error, PyncError):
        from .values import DETAILED

        if config.exit_codes == DETAILED:
            return detailed_status(error)
    return own_status(error, config)


def _program(config: Config) -> str:
    if config.onward:
        return "relay"
    if config.exec is not None or config.sh_exec is not None:
        return "executor"
    if config.broker or config.chat:
        return "broker"
    if config.serves is not None:
        return "proxy"
    if config.ping:
        return "ping"
    return "scan" if config.zero_io else "server" if config.listen else "client"


def _endings(config: Config) -> Endings:
    idle = config.idle_timeout if config.idle_timeout is not None else config.wait
    if config.onward:
        from .joining import endings as endings_of_relay

        return endings_of_relay(config, idle)
    endings = Endings(
        shutdown=not config.no_shutdown,
        quit_after=config.quit_after,
        leave_when_sent=config.send_only,
        answer_wait=_answer_wait(config, idle),
        idle=idle,
    )
    # With -N, close_notify is sent at once. (An SCTP association ends as a whole, RFC 9260 9.2.)
    ends_whole = config.address is not None and config.address.scheme == "sctp"
    held = config._replace(ssl=config.ssl or ends_whole)
    return endings if config.shutdown else over_tls(endings, held)


def _answer_wait(config: Config, idle: float | None) -> float | None:
    if config.listen or config.half_open:
        return None
    return ANSWER_WAIT if idle is None else idle


def _on_peer_end(config: Config) -> OnPeerEnd:
    if is_dtls(config):
        return BOTH_END
    if config.address is not None and config.address.scheme in WEBSOCKETS:
        # It ends as a whole: input that is left cannot be sent, which is a failure.
        return OnPeerEnd(pipe="leave" if config.keep_open else "waiting")
    if config.half_open:
        return OnPeerEnd(terminal="stay")
    if config.listen:
        return OnPeerEnd(pipe="leave" if config.keep_open else "begun")
    return OnPeerEnd()
