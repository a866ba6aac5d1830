"""The actions of the steps with the clients of a session; kinds.py declares the steps."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..clients.datagrams import Sender
from ..clients.peer import RST, SILENCE, Peer
from ..core.verdict import Violation
from ..scenario.flooding import flood
from . import matching
from .cursor import Mistake
from .player import Player
from .steps import Step
from .terms import count, pattern, value

#: Seconds that the server may take to end after SIGTERM.
STOP_TIMEOUT = 5.0

#: The receive buffer, in bytes, of a client that does not read.
SMALL = 4096


def _connect(play: Player, step: Step) -> None:
    _arrive(play, step, joins=False)


def _join(play: Player, step: Step) -> None:
    _arrive(play, step, joins=True)


def _arrive(play: Player, step: Step, joins: bool) -> None:
    play.arrive(play.name(step), joins, SMALL if step.name else None)
    if step.name:
        _stop_reading(play, step)


def _send(play: Player, step: Step) -> None:
    if play.session.transport.startswith("udp"):
        play.sender(step).send(play.data(step))
        return
    peer = play.peer(step)
    takes = peer.name not in play.deaf
    with play.within(peer, step):
        peer.send_raw(peer.conduct.sent(play.data(step)), takes=takes)


def _segments(play: Player, step: Step) -> None:
    parts = [value(found, play.names) for found in step.terms]
    if isinstance(step.number, int) and step.number:
        data = parts[0]
        parts = [data[at : at + step.number] for at in range(0, len(data), step.number)]
    play.peer(step).send_segments(parts)


def _flood(play: Player, step: Step) -> None:
    data = play.data(step)
    if not data:
        raise Mistake("'flood' needs a text that is not empty")
    flood(play.session, play.peer(step), data, count(step.number, play.names))


def _expect(play: Player, step: Step) -> None:
    if play.session.transport.startswith("udp"):
        sender = play.sender(step)
        with play.within(sender, step):
            _expect_datagrams(play, sender, step)
        return
    peer = play.peer(step)
    play.deaf.discard(peer.name)
    with play.within(peer, step):
        _EXPECT[step.name](play, peer, step)


def _expect_datagrams(play: Player, sender: Sender, step: Step) -> None:
    what = play.what(step)
    first = pattern(step.terms[0], play.names)
    if step.name == "any" or (step.name != "unordered" and first is not None):
        play.names.known.update(matching.take_datagram(sender, _any_of(play, step), what))
        return
    if any(pattern(one, play.names) is not None for one in step.terms):
        play.names.known.update(matching.take_datagrams(sender, _each_of(play, step), what))
        return
    sender.expect(*(value(one, play.names) for one in step.terms), awaited=what)


def _expect_next(play: Player, peer: Peer, step: Step) -> None:
    source = pattern(step.terms[0], play.names)
    if source is None:
        peer.expect(play.data(step), play.what(step))
        return
    play.names.known.update(matching.take(peer, source, play.what(step)))


def _expect_any(play: Player, peer: Peer, step: Step) -> None:
    play.names.known.update(matching.take(peer, _any_of(play, step), play.what(step)))


def _any_of(play: Player, step: Step) -> bytes:
    """Return one pattern for all alternatives that a step lists."""
    return b"|".join(b"(?:%s)" % one for one in _each_of(play, step))


def _each_of(play: Player, step: Step) -> list[bytes]:
    """Return a pattern for each item that a step lists."""
    return [
        re.escape(value(one, play.names)) if source is None else source
        for one, source in ((one, pattern(one, play.names)) for one in step.terms)
    ]


def _expect_unordered(play: Player, peer: Peer, step: Step) -> None:
    found = matching.take_unordered(peer, _each_of(play, step), play.what(step))
    play.names.known.update(found)


def _skip_to(play: Player, step: Step) -> None:
    peer = play.peer(step)
    source = pattern(step.terms[0], play.names)
    with play.within(peer, step):
        found = matching.skip_to(peer, source or re.escape(play.data(step)), play.what(step))
    play.names.known.update(found)


def _exchange(play: Player, step: Step) -> None:
    peer = play.peer(step)
    with play.within(peer, step):
        peer.exchange(play.data(step), value(step.answer, play.names), play.what(step))


def _eof(play: Player, step: Step) -> None:
    play.peer(step).send_eof()


def _end(play: Player, step: Step) -> None:
    peer = play.peer(step)
    with play.within(peer, step):
        peer.expect_eof()


def _expect_end(play: Player, step: Step) -> None:
    peer = play.peer(step)
    with play.within(peer, step):
        while peer.ended is None:
            if peer.receive(peer.deadline) == SILENCE:
                raise Violation(
                    "no-fin",
                    f"the server did not end the connection within {peer.deadline:g} s",
                    client=peer.name,
                )
        peer.take()


def _reset(play: Player, step: Step) -> None:
    play.peer(step).reset()
    play.gone.add(play.name(step))


def _expect_reset(play: Player, step: Step) -> None:
    peer = play.peer(step)
    with play.within(peer, step):
        if not peer.pending and peer.ended is None:
            peer.receive(peer.deadline)
        if peer.pending:
            # Report this at once, not after the deadline for RST.
            peer.expect_nothing_yet(RST)
        peer.expect_reset()


def _close(play: Player, step: Step) -> None:
    if play.session.transport.startswith("udp"):
        play.sender(step).close()
        del play.senders[play.name(step)]
        return
    play.peer(step).close()
    play.gone.add(play.name(step))


def _nothing_yet(play: Player, step: Step) -> None:
    datagrams = play.session.transport.startswith("udp")
    client = play.sender(step) if datagrams else play.peer(step)
    client.expect_nothing_yet(step.what or "the next step")


def _stop_reading(play: Player, step: Step) -> None:
    peer = play.peer(step)
    play.deaf.add(peer.name)
    play.session.transcript.note(peer.name, "stops reading")


def _terminal(play: Player, step: Step) -> None:
    play.terminal(step)


def _type(play: Player, step: Step) -> None:
    play.terminal(step).type_line(play.data(step))


def _see(play: Player, step: Step) -> None:
    terminal = play.terminal(step)
    with play.within(terminal, step):
        terminal.see(play.data(step), play.what(step))


def _next_client(play: Player, _step: Step) -> None:
    play.session.next_client_is_served()


def _accepted(play: Player, _step: Step) -> None:
    play.session.let_accept()


def _restart(play: Player, step: Step) -> None:
    if step.name == "SIGKILL":
        play.session.kill()
    else:
        play.session.terminate(STOP_TIMEOUT)
    play.session.start_again()


def _pause(play: Player, _step: Step) -> None:
    play.pause()


def _resume(play: Player, _step: Step) -> None:
    play.resume()


def _terminate(play: Player, step: Step) -> None:
    play.session.terminate(step.seconds or STOP_TIMEOUT)


def _kill(play: Player, _step: Step) -> None:
    play.session.kill()


def _let(play: Player, step: Step) -> None:
    play.names.known[step.name] = play.data(step)


def _timeout(play: Player, step: Step) -> None:
    play.patience = step.seconds


def _repeat(play: Player, step: Step) -> None:
    for number in range(1, count(step.number, play.names) + 1):
        play.names.known["i"] = b"%d" % number
        play.run(step.steps)


_EXPECT: dict[str, Callable[[Player, Peer, Step], None]] = {
    "": _expect_next,
    "any": _expect_any,
    "unordered": _expect_unordered,
}

DO: dict[str, Callable[[Player, Step], None]] = {
    "connect": _connect,
    "join": _join,
    "send": _send,
    "segments": _segments,
    "flood": _flood,
    "expect": _expect,
    "skip-to": _skip_to,
    "exchange": _exchange,
    "eof": _eof,
    "end": _end,
    "expect-end": _expect_end,
    "reset": _reset,
    "expect-reset": _expect_reset,
    "close": _close,
    "nothing-yet": _nothing_yet,
    "stop-reading": _stop_reading,
    "terminal": _terminal,
    "type": _type,
    "see": _see,
    "next-client": _next_client,
    "accepted": _accepted,
    "restart": _restart,
    "pause": _pause,
    "resume": _resume,
    "terminate": _terminate,
    "kill": _kill,
    "let": _let,
    "timeout": _timeout,
    "repeat": _repeat,
}
