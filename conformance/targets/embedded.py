"""The commands of the embedded servers and clients: the references and the mutants."""

from __future__ import annotations

import sys
from pathlib import Path

from ..core.transcript import escape
from .grammar import MutantTarget, ReferenceTarget, Target

_HERE = Path(__file__).parent.parent
REFERENCE_SERVERS = {
    "python": [sys.executable, "-I", "-S", str(_HERE / "reference/python/server.py")],
    "node": ["node", str(_HERE / "reference/node/server.js")],
}
REFERENCE_CLIENTS = {
    "python": [sys.executable, "-I", "-S", str(_HERE / "reference/python/client.py")],
    "node": ["node", str(_HERE / "reference/node/client.js")],
}
MUTANT_CLIENT = [sys.executable, "-I", "-S", str(_HERE / "mutants/client.py")]
MUTANT_SERVER = [sys.executable, "-I", "-S", str(_HERE / "mutants/server.py")]

#: The number of words in these commands before the server's own.
SCRIPT = 4

#: Parameters of the embedded servers that no requirement depends on: greet pauses for less than
#: the slides' second, but clearly longer than the 100 ms that a client must be able to notice.
EMBEDDED = {"greet": {"delay": b"0.15"}}

#: The same for scenarios in which a pause proves nothing (a correct server survives and ends just
#: as well without it).
BRISK = {"greet": {"delay": b"0.02"}}


def embedded_command(
    target: Target, profile: str, parameters: dict[str, bytes], listen_on: str, brisk: bool = False
) -> list[str]:
    """Return the command of a reference server or a mutant.

    Arguments:
        listen_on: an address; port 0 is any free port.
        brisk: whether a reference server may leave out its pause.
    """
    pauses = BRISK if brisk else EMBEDDED
    settings = {**pauses.get(profile, {}), **parameters}
    words = [f"{key}={escape(value)}" for key, value in settings.items()]
    if isinstance(target, MutantTarget):
        return [*MUTANT_SERVER, f"{profile}/{target.name}", listen_on, *words]
    assert isinstance(target, ReferenceTarget)
    return [*REFERENCE_SERVERS[target.language], profile, listen_on, *words]


def is_python(target: Target) -> bool:
    """Return whether the command of a reference server or a mutant runs Python."""
    if isinstance(target, ReferenceTarget):
        return target.language == "python"
    return isinstance(target, MutantTarget)


def embedded_client(
    target: Target, profile: str, parameters: dict[str, bytes], host: str, port: int
) -> list[str]:
    """Return the command of a reference client, or a mutant of it, for a server's address."""
    words = [host, str(port), *(f"{key}={escape(value)}" for key, value in parameters.items())]
    if isinstance(target, MutantTarget):
        return [*MUTANT_CLIENT, f"{profile}/{target.name}", *words]
    assert isinstance(target, ReferenceTarget)
    return [*REFERENCE_CLIENTS[target.language], *words]
