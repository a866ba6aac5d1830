"""The life of a relay: every state, every event, and the policy of every dialect.

The table is compared with a model of the outside world: two directions, each of which ends once.
This finds pairs of state and event that are possible but missing, and pairs that are impossible.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pync.core.config import Config
from pync.core.endings import Endings
from pync.dialects import nc, ncat
from pync.dialects import pync as own
from pync.engine import relaystate
from pync.engine.relay import _ACTIONS
from pync.engine.relaystate import (
    AWAIT_SILENCE,
    CLOSE_OUTPUT,
    CLOSED,
    CLOSING,
    DROP_RECEIVED,
    DROPPING,
    END_INPUT,
    ENDING,
    EOF_OVER,
    FAIL_OUTPUT_GONE,
    HALF_CLOSED_LOCAL,
    HALF_CLOSED_REMOTE,
    HOLDING,
    INPUT_ENDED,
    INPUT_OVER,
    OPEN,
    OUTPUT_GONE,
    OVER,
    PEER_ENDED,
    READER_LEFT,
    RECEIVES,
    REFUSE_INPUT,
    REPORT_END,
    SEND_EOF,
    SEND_FAILED,
    SENDS,
    SILENCE,
    STATES,
    TRANSITIONS,
    step,
    under,
)

if TYPE_CHECKING:
    from pync.core.endings import WhenOutputGone

EVENTS = (
    INPUT_ENDED,
    SEND_FAILED,
    SILENCE,
    EOF_OVER,
    PEER_ENDED,
    OUTPUT_GONE,
    READER_LEFT,
    OVER,
)

#: Dialect and arguments -> the endings in its Config.
COMMANDS = {
    "pync HOST PORT": own.parse(["h", "1"]),
    "pync -N": own.parse(["-N", "h", "1"]),
    "pync --no-shutdown": own.parse(["--no-shutdown", "h", "1"]),
    "pync --half-open": own.parse(["--half-open", "h", "1"]),
    "pync --send-only": own.parse(["--send-only", "h", "1"]),
    "pync -q": own.parse(["-q", "1", "h", "1"]),
    "pync -l": own.parse(["-l", "1"]),
    "pync -lk": own.parse(["-lk", "1"]),
    "pync --ssl": own.parse(["--ssl", "h", "1"]),
    "pync -l --ssl": own.parse(["-l", "--ssl", "1"]),
    "pync --ssl --send-only": own.parse(["--ssl", "--send-only", "h", "1"]),
    "pync -u": own.parse(["-u", "h", "1"]),
    "nc": nc.parse(["h", "1"]),
    "nc -N": nc.parse(["-N", "h", "1"]),
    "nc -q 1": nc.parse(["-q", "1", "h", "1"]),
    "nc -l": nc.parse(["-l", "1"]),
    "nc -lk": nc.parse(["-lk", "1"]),
    "ncat": ncat.parse(["h", "1"]),
    "ncat --no-shutdown": ncat.parse(["--no-shutdown", "h", "1"]),
    "ncat --send-only": ncat.parse(["--send-only", "h", "1"]),
    "ncat -l": ncat.parse(["-l", "1"]),
    "ncat -lk": ncat.parse(["-lk", "1"]),
    "ncat --ssl": ncat.parse(["--ssl", "h", "1"]),
}

RULES = ("leave", "stay", "begun", "waiting")


def policies() -> Iterator[Endings]:
    """The endings of all dialects, with each rule for a kind of input, and of other programs."""
    for config in COMMANDS.values():
        for rule in config.on_peer_end:
            yield config.endings._replace(on_peer_end=rule)
    # The endings of a command (executor.py), a proxy, the library and a script.
    for shutdown in (True, False):
        yield Endings(on_peer_end="stay", leave_when_sent=True, shutdown=shutdown)
    yield Endings(on_peer_end="stay")
    yield Endings()


POLICIES = sorted(set(policies()), key=repr)


class World(NamedTuple):
    """The state, and the remaining possible events."""

    state: str = OPEN
    input_open: bool = True
    peer_open: bool = True
    #: Whether the output is still written; it is not after a write found no reader.
    output_written: bool = True
    eof_under_way: bool = False
    awaits_silence: bool = False

    def possible(self) -> Iterator[str]:
        """The events that are possible now."""
        yield OVER
        if self.input_open:
            yield INPUT_ENDED
            yield SEND_FAILED
        if self.peer_open:
            yield PEER_ENDED
            if self.output_written:
                yield OUTPUT_GONE
        if self.output_written and not self.input_open:
            yield READER_LEFT
        if self.eof_under_way:
            yield EOF_OVER
        if self.awaits_silence and self.peer_open:
            yield SILENCE

    def after(self, event: str, endings: Endings) -> World:
        """Return the state after an event; KeyError if the table has no entry."""
        state, actions = step(self.state, event, endings)
        now = self._replace(state=state)
        if event in (INPUT_ENDED, SEND_FAILED):
            now = now._replace(input_open=False)
        if event == PEER_ENDED:
            now = now._replace(peer_open=False, awaits_silence=False)
        if event == EOF_OVER:
            now = now._replace(eof_under_way=False)
        if event == SILENCE:
            now = now._replace(awaits_silence=False)
        if SEND_EOF in actions:
            now = now._replace(eof_under_way=True)
        if AWAIT_SILENCE in actions:
            now = now._replace(awaits_silence=True)
        if DROP_RECEIVED in actions:
            now = now._replace(output_written=False)
        return now


INITIAL_WORLDS = (World(), World(HALF_CLOSED_LOCAL, input_open=False))


def reachable(endings: Endings) -> set[World]:
    """All reachable states of a relay, with or without input (--recv-only)."""
    found, left = set(INITIAL_WORLDS), list(INITIAL_WORLDS)
    while left:
        world = left.pop()
        for event in world.possible():
            now = world.after(event, endings)
            if now not in found:
                found.add(now)
                left.append(now)
    return found


@pytest.mark.parametrize("endings", POLICIES, ids=repr)
def test_every_possible_event_has_an_entry(endings: Endings) -> None:
    states = {world.state for world in reachable(endings)}  # no KeyError
    assert {OPEN, HALF_CLOSED_REMOTE, CLOSED} <= states
    assert (DROPPING in states) == (endings.on_output_gone == "finish")
    assert (HOLDING in states) == (endings.eof_after is not None and not endings.leave_when_sent)


def test_every_entry_is_possible() -> None:
    variants = [
        endings._replace(eof_after=eof_after, shutdown=shutdown, on_output_gone=gone)
        for endings in (Endings(), Endings(leave_when_sent=True))
        for eof_after in (None, 2.0)
        for shutdown in (True, False)
        for gone in ("leave", "finish", "stay")
    ]
    seen = {
        (world.state, under(endings, event))
        for endings in variants
        for world in reachable(endings)
        if world.state != CLOSED
        for event in world.possible()
    }
    written = {pair for pair in TRANSITIONS if pair[0] != CLOSED and pair[1] != relaystate.NOTHING}
    assert written - seen == set()


@pytest.mark.parametrize("endings", POLICIES, ids=repr)
def test_relay_ends_when_both_sides_have_ended(endings: Endings) -> None:
    """After both sides have ended normally, the relay ends without a timer or an error."""
    ends = {INPUT_ENDED, PEER_ENDED, EOF_OVER}

    def closes(world: World) -> bool:
        if world.state == CLOSED:
            return True
        coming = [event for event in world.possible() if event in ends]
        return bool(coming) and all(closes(world.after(event, endings)) for event in coming)

    for world in reachable(endings):
        assert closes(world), world


@pytest.mark.parametrize("endings", POLICIES, ids=repr)
def test_no_transition_to_an_earlier_state(endings: Endings) -> None:
    for world in reachable(endings):
        for event in world.possible():
            after = world.after(event, endings).state
            assert after != OPEN or world.state == OPEN
            assert STATES.index(after) >= STATES.index(world.state)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_over_closes_from_every_state_and_closed_is_final(state: str, event: str) -> None:
    assert step(state, OVER, Endings()) == (CLOSED, ())
    assert step(CLOSED, event, Endings()) == (CLOSED, ())


def test_only_impossible_pairs_are_missing() -> None:
    impossible = {
        (state, event)
        for state in STATES
        for event in EVENTS
        if state != CLOSED and (state, under(Endings(), event)) not in TRANSITIONS
    }
    ours = {(s, e) for s in STATES if s not in (*SENDS, CLOSED) for e in (INPUT_ENDED, SEND_FAILED)}
    theirs = {(s, PEER_ENDED) for s in (HALF_CLOSED_REMOTE, CLOSING)}
    output = {(s, OUTPUT_GONE) for s in (DROPPING, HALF_CLOSED_REMOTE, CLOSING)}
    reader = {(s, READER_LEFT) for s in SENDS}
    silence = {(s, SILENCE) for s in STATES if s not in (HOLDING, CLOSED)}
    eof = {(s, EOF_OVER) for s in STATES if s not in (ENDING, CLOSING, CLOSED)}
    assert impossible == ours | theirs | output | reader | silence | eof


def test_relay_implements_every_action() -> None:
    assert {action for _, actions in TRANSITIONS.values() for action in actions} == set(_ACTIONS)


def test_states_that_send_and_states_that_receive() -> None:
    assert set(SENDS) == {OPEN, DROPPING, HALF_CLOSED_REMOTE}
    assert set(RECEIVES) == {OPEN, DROPPING, HOLDING, ENDING, HALF_CLOSED_LOCAL}


# The rows of the tables in docs/endings.md.


def trace(endings: Endings, *events: str) -> list[object]:
    """Return the actions and states that follow these events."""
    state, seen = OPEN, list[object]()
    for event in events:
        state, actions = step(state, event, endings)
        seen += [*actions, state]
    return seen


def endings_of(command: str) -> Endings:
    config: Config = COMMANDS[command]
    return config.endings


PEER_FIRST = [REPORT_END, CLOSE_OUTPUT, END_INPUT, HALF_CLOSED_REMOTE]


def test_our_eof_before_the_peer_s() -> None:
    assert trace(endings_of("pync HOST PORT"), INPUT_ENDED, EOF_OVER, PEER_ENDED) == [
        *(SEND_EOF, INPUT_OVER, ENDING),
        HALF_CLOSED_LOCAL,
        *(REPORT_END, CLOSE_OUTPUT, CLOSED),
    ]


@pytest.mark.parametrize("command", ["pync --no-shutdown", "nc", "ncat --no-shutdown"])
def test_without_shutdown_no_eof_is_sent(command: str) -> None:
    assert trace(endings_of(command), INPUT_ENDED) == [INPUT_OVER, HALF_CLOSED_LOCAL]
    assert trace(endings_of(command), PEER_ENDED, INPUT_ENDED) == [*PEER_FIRST, INPUT_OVER, CLOSED]


def test_peer_eof_before_ours() -> None:
    assert trace(endings_of("pync HOST PORT"), PEER_ENDED, INPUT_ENDED, EOF_OVER) == [
        *PEER_FIRST,
        *(SEND_EOF, INPUT_OVER, CLOSING),
        CLOSED,
    ]


def test_tls_eof_waits_for_silence() -> None:
    endings = endings_of("pync --ssl")
    held = [AWAIT_SILENCE, INPUT_OVER, HOLDING]
    assert trace(endings, INPUT_ENDED, SILENCE) == [*held, SEND_EOF, ENDING]
    ended = [SEND_EOF, REPORT_END, CLOSE_OUTPUT, CLOSING]
    assert trace(endings, INPUT_ENDED, PEER_ENDED, EOF_OVER) == [*held, *ended, CLOSED]
    assert trace(endings, PEER_ENDED, INPUT_ENDED) == [*PEER_FIRST, SEND_EOF, INPUT_OVER, CLOSING]


@pytest.mark.parametrize("command", ["pync --send-only", "pync --ssl --send-only"])
def test_send_only_ends_when_everything_is_sent(command: str) -> None:
    assert trace(endings_of(command), INPUT_ENDED, EOF_OVER) == [
        *(SEND_EOF, INPUT_OVER, ENDING),
        CLOSED,
    ]


def test_send_failure_is_reported_when_the_peer_has_ended() -> None:
    assert trace(endings_of("pync HOST PORT"), SEND_FAILED, PEER_ENDED) == [
        *(REFUSE_INPUT, HALF_CLOSED_LOCAL),
        *(REPORT_END, CLOSE_OUTPUT, CLOSED),
    ]


def test_reader_of_our_output_closes() -> None:
    fails = [FAIL_OUTPUT_GONE, CLOSED]
    ours, theirs, ncats = (endings_of(one) for one in ("pync HOST PORT", "nc -N", "ncat"))
    assert trace(ours, OUTPUT_GONE) == trace(ncats, OUTPUT_GONE) == fails
    assert trace(theirs, OUTPUT_GONE) == [DROP_RECEIVED, DROPPING]
    assert trace(theirs, OUTPUT_GONE, INPUT_ENDED) == [
        *(DROP_RECEIVED, DROPPING),
        *(SEND_EOF, INPUT_OVER, *fails),
    ]
    sent = [SEND_EOF, INPUT_OVER, ENDING, HALF_CLOSED_LOCAL]
    for endings in (ours, theirs):
        assert trace(endings, INPUT_ENDED, EOF_OVER, READER_LEFT) == [*sent, *fails]
    # ncat exits when a write fails.
    assert trace(ncats, INPUT_ENDED, EOF_OVER, READER_LEFT) == [*sent, HALF_CLOSED_LOCAL]


def test_remaining_input_is_sent_although_nobody_reads_the_output() -> None:
    dropping = [DROP_RECEIVED, DROPPING]
    for endings, ends in (
        (Endings(on_output_gone="finish"), [SEND_EOF, INPUT_OVER, FAIL_OUTPUT_GONE]),
        (Endings(on_output_gone="finish", eof_after=1.0), [INPUT_OVER, FAIL_OUTPUT_GONE]),
        (Endings(on_output_gone="finish", shutdown=False), [INPUT_OVER, FAIL_OUTPUT_GONE]),
        (
            Endings(on_output_gone="finish", shutdown=False, leave_when_sent=True),
            [INPUT_OVER],
        ),
    ):
        assert trace(endings, OUTPUT_GONE, INPUT_ENDED) == [*dropping, *ends, CLOSED]
        fails = [REFUSE_INPUT, FAIL_OUTPUT_GONE, CLOSED]
        assert trace(endings, OUTPUT_GONE, SEND_FAILED) == [*dropping, *fails]
        assert trace(endings, OUTPUT_GONE, PEER_ENDED) == [*dropping, *PEER_FIRST]


@pytest.mark.parametrize("gone", ["leave", "finish"])
def test_relay_fails_if_input_is_over_and_nobody_reads_the_output(gone: WhenOutputGone) -> None:
    fails = [FAIL_OUTPUT_GONE, CLOSED]
    for endings, *before in (
        (Endings(on_output_gone=gone), INPUT_ENDED),  # EOF has to wait for room
        (Endings(on_output_gone=gone), INPUT_ENDED, EOF_OVER),
        (Endings(on_output_gone=gone, eof_after=1.0), INPUT_ENDED),
        (Endings(on_output_gone=gone), SEND_FAILED),
    ):
        for event in (OUTPUT_GONE, READER_LEFT):
            assert trace(endings, *before, event)[-2:] == fails
    endings = Endings(on_output_gone=gone)
    assert trace(endings, INPUT_ENDED, PEER_ENDED, READER_LEFT)[-2:] == fails


def test_leave_when_sent_without_shutdown() -> None:
    endings = Endings(shutdown=False, leave_when_sent=True)
    assert trace(endings, INPUT_ENDED) == [INPUT_OVER, CLOSED]
    assert trace(endings, PEER_ENDED, INPUT_ENDED) == [*PEER_FIRST, INPUT_OVER, CLOSED]


def test_send_failure_after_peer_eof() -> None:
    assert trace(Endings(), PEER_ENDED, SEND_FAILED) == [*PEER_FIRST, REFUSE_INPUT, CLOSED]


def test_peer_eof_while_our_eof_waits() -> None:
    assert trace(Endings(), INPUT_ENDED, PEER_ENDED, EOF_OVER) == [
        *(SEND_EOF, INPUT_OVER, ENDING),
        *(SEND_EOF, REPORT_END, CLOSE_OUTPUT, CLOSING),
        CLOSED,
    ]
