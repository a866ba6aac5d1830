"""Faults that no client could see because of the kind of service: they are not judged.

If a server ends each connection without waiting for FIN, a lost FIN of the client changes nothing;
if a server answers no input, no answer can be wrong. The profile describes the kind of service;
the speed of a server makes no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_INPUT = ("first-line-only", "segment-is-line", "input-cut-at-1k", "shared-buffer")


class Service(NamedTuple):
    """The kind of a service, as far as faults depend on it.

    Arguments:
        answers_input: whether the server answers what a client sends.
        ends_by_itself: whether the server ends the connection without waiting for FIN.
        times_its_start: whether a requirement says when the server sends its first bytes.
    """

    answers_input: bool = True
    ends_by_itself: bool = False
    times_its_start: bool = True


def moot(service: Service) -> Mapping[str, str]:
    """Return the faults that prove nothing for such a service, each with the reason."""
    found: dict[str, str] = {}
    if not service.answers_input:
        found |= dict.fromkeys(_INPUT, "the server answers no input")
    if service.ends_by_itself:
        reason = "the server ends each connection by itself, whatever the client does"
        found |= dict.fromkeys(("half-close-lost", "rst-unnoticed"), reason)
    if service.ends_by_itself and not service.times_its_start:
        reason = "the server ends each connection by itself, and no requirement (timely) says when"
        found |= dict.fromkeys(("greeting-late", "held-until-fin"), reason)
    return found
