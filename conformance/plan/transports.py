"""The transports over which a target is reached, judging only by its text. No I/O."""

from __future__ import annotations

import sys

from ..core.verdict import WrongUsage
from ..scenario.profile import ClientProfile, Profile
from ..targets.address import DATAGRAMS, PIPE, TCP, TLS, TRANSPORTS, UNIX, Address
from ..targets.grammar import INETD, LISTENS, AddressTarget, CommandTarget, Target

#: The transport of a server with {path} on this system, and the one of the other systems.
LOCAL, _FOREIGN = (PIPE, UNIX) if sys.platform == "win32" else (UNIX, PIPE)


def transports_of(
    target: Target, at: Address | None, profile: Profile, typed: tuple[str, ...]
) -> list[str]:
    """Return the transports over which a target can be reached for a profile.

    Arguments:
        at: the address given by --at.
        typed: the transports that were asked for; empty if there was no choice.
    Raises WrongUsage for a combination that makes no sense.
    """
    if isinstance(profile, ClientProfile) and not _is_program(target):
        raise WrongUsage(
            f"{profile.name} judges a client: TARGET is a command with {{host}} and {{port}}"
        )
    if isinstance(target, AddressTarget):
        if at is not None:
            raise WrongUsage("--at works only with a command; TARGET is already an address")
        return [target.address.transport]
    if not isinstance(target, CommandTarget):
        if at is not None:
            raise WrongUsage(
                "--at works only with a command; embedded servers choose their own port"
            )
        return [name for name in TRANSPORTS if name != _FOREIGN]
    if at is not None:
        return [at.transport]
    return _of_command(target, profile, [name for name in typed if name in profile.transports])


def _of_command(target: CommandTarget, profile: Profile, asked: list[str]) -> list[str]:
    # The first transport of a profile is the default.
    ordinary = list(profile.transports[:1])
    if target.manner == INETD:
        # A process is started for each connection; datagrams have no connection.
        return [name for name in asked or [TCP] if name not in (TLS, *DATAGRAMS)] or [TCP]
    if target.manner != LISTENS:
        # The suite itself listens, over any transport that was asked for.
        return asked or ordinary
    if target.placeholders & {"cert", "key"}:
        return [TLS]
    if "path" in target.placeholders and "port" not in target.placeholders:
        return [LOCAL]
    if not target.placeholders & {"port", "path"} and asked:
        return asked
    # If TLS was asked for, the server is expected to read TLS_CERT and TLS_KEY.
    return [TLS] if asked == [TLS] else ordinary


def _is_program(target: Target) -> bool:
    return not isinstance(target, AddressTarget) and getattr(target, "manner", LISTENS) == LISTENS


def kin(transport: str) -> str:
    """Return the transport whose requirements also apply to this transport."""
    return UNIX if transport == PIPE else transport
