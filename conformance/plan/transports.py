"""Over which transports a target is reached, as far as its words tell. Pure."""

from __future__ import annotations

import sys

from ..core.verdict import WrongUsage
from ..scenario.profile import ClientProfile, Profile
from ..targets.address import DATAGRAMS, PIPE, TCP, TLS, TRANSPORTS, UNIX, Address
from ..targets.grammar import INETD, LISTENS, AddressTarget, CommandTarget, Target

#: What a server binds that has a {path}, and what only the other kind of system has.
LOCAL, _FOREIGN = (PIPE, UNIX) if sys.platform == "win32" else (UNIX, PIPE)


def transports_of(
    target: Target, at: Address | None, profile: Profile, typed: tuple[str, ...]
) -> list[str]:
    """Over what a target can be reached for a profile.

    Arguments:
        at: where it was said to listen.
        typed: the transports that were asked for; empty: none in particular.
    Raises WrongUsage for what makes no sense together.
    """
    if isinstance(profile, ClientProfile) and not _is_program(target):
        raise WrongUsage(
            f"{profile.name} judges a client: TARGET is a command with {{host}} and {{port}}"
        )
    if isinstance(target, AddressTarget):
        if at is not None:
            raise WrongUsage("--at goes with a command; the TARGET is an address already")
        return [target.address.transport]
    if not isinstance(target, CommandTarget):
        if at is not None:
            raise WrongUsage("--at goes with a command; embedded servers choose their own port")
        return [name for name in TRANSPORTS if name != _FOREIGN]
    if at is not None:
        return [at.transport]
    return _of_command(target, profile, [name for name in typed if name in profile.transports])


def _of_command(target: CommandTarget, profile: Profile, asked: list[str]) -> list[str]:
    # Of a profile's transports the first is the ordinary one.
    ordinary = list(profile.transports[:1])
    if target.manner == INETD:
        # A connection becomes a process; a datagram has none.
        return [name for name in asked or [TCP] if name not in (TLS, *DATAGRAMS)] or [TCP]
    if target.manner != LISTENS:
        # The suite listens itself: over whatever it is asked to.
        return asked or ordinary
    if target.placeholders & {"cert", "key"}:
        return [TLS]
    if "path" in target.placeholders and "port" not in target.placeholders:
        return [LOCAL]
    if not target.placeholders & {"port", "path"} and asked:
        return asked
    # Whoever asks for TLS has a server that reads TLS_CERT and TLS_KEY.
    return [TLS] if asked == [TLS] else ordinary


def _is_program(target: Target) -> bool:
    return not isinstance(target, AddressTarget) and getattr(target, "manner", LISTENS) == LISTENS


def kin(transport: str) -> str:
    """The transport whose requirements it has."""
    return UNIX if transport == PIPE else transport
