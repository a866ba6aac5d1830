"""Faults that no client could see, because of what the service is: they are not judged.

A server that ends each connection by itself has no end to miss when the client's FIN is lost, and
one that answers no input has none to take for another. What a service is, its profile says; how
fast a server is makes no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_INPUT = ("first-line-only", "segment-is-line", "input-cut-at-1k", "shared-buffer")


class Service(NamedTuple):
    """What a service is, as far as faults depend on it.

    Arguments:
        answers_input: the server answers what a client sends.
        ends_by_itself: the server ends the connection without being asked.
        times_its_start: a requirement says when the server says its first words.
    """

    answers_input: bool = True
    ends_by_itself: bool = False
    times_its_start: bool = True


def moot(service: Service) -> Mapping[str, str]:
    """The faults that say nothing of such a service, each with the reason."""
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
