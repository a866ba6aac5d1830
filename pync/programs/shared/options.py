"""What programs read off a Config in the same way."""

from __future__ import annotations

from functools import cache

from ...core.config import Config
from ...core.errors import UsageError
from ...core.events import Report
from ...transports import Options, PipeOptions
from ...transports.sockopts import OPTIONS
from .access import access_filter


def options_of(config: Config, report: Report) -> Options:
    """How to dial or listen, as the user asked."""
    timeout = config.connect_timeout if config.connect_timeout is not None else config.wait
    return Options(
        timeout=None if config.listen else timeout,
        happy_eyeballs=config.happy_eyeballs,
        source=config.source,
        source_port=None if config.listen else config.source_port,
        numeric=config.nodns,
        family=4 if config.ipv4 else 6 if config.ipv6 else 0,
        dual_stack=config.dual_stack,
        own_path=config.own_path,
        many=config.keep_open,
        sockopts=_sockopts(config),
        md5_key=_md5_key() if config.md5sig else None,
        source_route=config.loose_route,
        route_pointer=config.route_pointer or 4,
        pipe=PipeOptions(
            messages=config.pipe_mode == "message",
            access=config.pipe_access or "user",
            remote=config.pipe_remote,
        ),
        admits=access_filter(config, report),
        report=report,
    )


def _sockopts(config: Config) -> tuple[tuple[str, int], ...]:
    asked = ((name, getattr(config, name)) for name in OPTIONS)
    return tuple(
        (name, int(value)) for name, value in asked if value or (value == 0 and value is not False)
    )


@cache
def _md5_key() -> bytes:
    """The key for signed segments: from the environment, or typed, once. Raises UsageError."""
    import os

    from . import password_prompt

    try:
        given = os.environ.get("PYNC_MD5SIG_KEY")
        if given is not None:
            return os.fsencode(given)
        return password_prompt.ask("TCP MD5SIG password: ")
    except OSError:
        raise UsageError("Unable to read TCP MD5SIG password") from None
