"""Conversations with a server of datagrams, and the conclusions from them."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor

from ..core.verdict import cause_of
from ..targets.address import Address, endpoints
from .findings import Conclusion
from .seen import CRLF, FIRST, REST, SECOND
from .talk import Turn
from .templates import is_echo, template_of
from .texts import literal

#: Seconds to wait for an answer, and for further ones.
ANSWER_TIMEOUT, QUIET = 0.8, 0.15

#: Datagrams of different lengths, with and without a line end.
DATAGRAMS = (FIRST, SECOND, CRLF, REST)


def ask(address: Address, data: bytes) -> Turn:
    """Send a datagram from a new port, and return the answers."""
    family, name = endpoints(address)[0]
    pieces: list[tuple[float, bytes]] = []
    end, began = "", time.monotonic()
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        # The socket is not connected, so that an answer from another port counts too.
        until = began + ANSWER_TIMEOUT
        try:
            sock.sendto(data, name)
        except OSError as error:
            end, until = cause_of(error), began
        while (left := until - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                answer = sock.recv(65536)
            except TimeoutError:
                break
            except OSError as error:
                end = cause_of(error)
                break
            pieces.append((time.monotonic() - began, answer))
            until = time.monotonic() + QUIET
    return Turn(data, tuple(pieces), end, time.monotonic() - began)


def examine(address: Address) -> Conclusion:
    """Return the conclusion about the server."""
    found = Conclusion()
    with ThreadPoolExecutor(len(DATAGRAMS)) as pool:
        turns = list(pool.map(lambda data: ask(address, data), DATAGRAMS))
    answered = [turn for turn in turns if turn.pieces]
    if not answered:
        found.add("answer", "none", turns[0])
        return found.no("udp-echo", f"no datagram is answered: {turns[0]}")
    several = next((turn for turn in answered if len(turn.pieces) > 1), None)
    if several is not None:
        found.add("answer", "several", several)
        return found.no("udp-echo", f"a datagram is answered by more than one: {several}")
    template = template_of([(turn.sent or b"", turn.answer) for turn in answered])
    if template is None:
        template = template_of([(turn.sent or b"", turn.answer) for turn in answered[:2]])
    if template is None:
        for turn in answered[:2]:
            found.add("answer", "?", turn)
        because = "the answer is made of the datagram in some other way"
        return found.no("udp-echo", f"{because}: {answered[0]}")
    shown = "the datagram itself" if is_echo(template) else literal(template)
    found.add("answer", shown, answered[0])
    if not is_echo(template):
        found.settings["answer"] = literal(template)
        found.add("", "", answered[-1])
    found.profile = "udp-echo"
    return found
