"""The states of a relay, as a table: what each event does in each state. No I/O.

The states are those of an HTTP/2 stream (RFC 9113 5.1), seen from our side, and some between
them: EOF may have to wait, and the reader of our output may have closed.

                     PEER_ENDED    HALF_CLOSED   INPUT_ENDED
           +---------------------->  _REMOTE  ------------------+
           |                                                    v     EOF_OVER
    OPEN --+                                                 CLOSING ----------> CLOSED
           |                                                    ^                   ^
           |  INPUT_ENDED                 PEER_ENDED            |                   |
           +------------> HOLDING, ENDING ----------------------+                   |
                             |  EOF_OVER                        PEER_ENDED          |
                             +----------> HALF_CLOSED_LOCAL ------------------------+

nc, ncat and telnet disagree on the meaning of some events. ``under`` decides it from Endings alone:
it turns an event from outside into an event of the table.
"""

from __future__ import annotations

from ..core.endings import Endings

# States.

#: Both directions are open.
OPEN = "open"
#: Both are open, but the output's reader has closed: received bytes are dropped.
DROPPING = "dropping"
#: The peer has ended; our input is still open.
HALF_CLOSED_REMOTE = "half-closed (remote)"
#: Our input is sent; its EOF is held back until the peer is silent.
HOLDING = "holding"
#: Our input is sent; its EOF is being sent.
ENDING = "ending"
#: Our direction is over; the peer's is still open.
HALF_CLOSED_LOCAL = "half-closed (local)"
#: Both directions are over; our EOF is being sent.
CLOSING = "closing"
#: Nothing more moves. The peer may still have to acknowledge the last bytes.
CLOSED = "closed"

STATES = (OPEN, DROPPING, HALF_CLOSED_REMOTE, HOLDING, ENDING, HALF_CLOSED_LOCAL, CLOSING, CLOSED)

# Events from outside.

#: Our input has ended, and all of it is sent.
INPUT_ENDED = "input ended"
#: Nothing can be sent to the peer any more.
SEND_FAILED = "send failed"
#: The peer was silent for the time that EOF is held back.
SILENCE = "silence"
#: EOF was sent, or cannot be sent.
EOF_OVER = "eof over"
#: The peer has ended, and all its bytes are delivered.
PEER_ENDED = "peer ended"
#: The same, but a layer reports that bytes may be missing (TLS without close_notify).
TRUNCATED = "peer ended, perhaps too early"
#: A write has failed because the reader of our output has closed.
OUTPUT_GONE = "output gone"
#: The reader has closed, no write has failed yet, and our input is over.
READER_LEFT = "reader left"
#: The relay must end in any case: a failure, a time limit, or enough received.
OVER = "over"

# What some of them mean, according to Endings.

EOF_DUE = "input ended: send EOF"
EOF_HELD = "input ended: hold EOF back"
EOF_KEPT = "input ended: keep EOF to ourselves"
ALL_SENT = "input ended: that was all"
DROP = "output gone: drop what comes"
NOTHING = "nothing"

# Actions.

#: Pass EOF on to the peer; EOF_OVER follows, at once or when there is room for it.
SEND_EOF = "send eof"
#: Wait until the peer is silent; SILENCE follows.
AWAIT_SILENCE = "await silence"
#: Our input is over: start the timers that count from its end.
INPUT_OVER = "input over"
#: Tell our input that it is not read any more.
REFUSE_INPUT = "refuse input"
#: Apply Endings.on_peer_end to our input; INPUT_ENDED or OVER may follow.
END_INPUT = "end input"
#: Report the peer's end.
REPORT_END = "report end"
#: End our output.
CLOSE_OUTPUT = "close output"
#: Continue to read from the peer, and drop the bytes.
DROP_RECEIVED = "drop received"
#: Fail, because the reader of our output has closed.
FAIL_OUTPUT_GONE = "fail: output gone"


#: The next state, and the actions to perform, in this order.
Transition = tuple[str, tuple[str, ...]]


def _to(state: str, *actions: str) -> Transition:
    return state, actions


#: (state, meaning of the event) -> transition. Pairs that are missing cannot occur.
TRANSITIONS = {
    # Our input ends.
    (OPEN, EOF_DUE): _to(ENDING, SEND_EOF, INPUT_OVER),
    (OPEN, EOF_HELD): _to(HOLDING, AWAIT_SILENCE, INPUT_OVER),
    (OPEN, EOF_KEPT): _to(HALF_CLOSED_LOCAL, INPUT_OVER),
    (OPEN, ALL_SENT): _to(CLOSED, INPUT_OVER),
    (DROPPING, EOF_DUE): _to(CLOSED, SEND_EOF, INPUT_OVER, FAIL_OUTPUT_GONE),
    (DROPPING, EOF_HELD): _to(CLOSED, INPUT_OVER, FAIL_OUTPUT_GONE),
    (DROPPING, EOF_KEPT): _to(CLOSED, INPUT_OVER, FAIL_OUTPUT_GONE),
    (DROPPING, ALL_SENT): _to(CLOSED, INPUT_OVER),
    (HALF_CLOSED_REMOTE, EOF_DUE): _to(CLOSING, SEND_EOF, INPUT_OVER),
    # EOF is held back so as not to interrupt a peer that sends; this peer has ended.
    (HALF_CLOSED_REMOTE, EOF_HELD): _to(CLOSING, SEND_EOF, INPUT_OVER),
    (HALF_CLOSED_REMOTE, EOF_KEPT): _to(CLOSED, INPUT_OVER),
    (HALF_CLOSED_REMOTE, ALL_SENT): _to(CLOSED, INPUT_OVER),
    # EOF is due, and sent.
    (HOLDING, SILENCE): _to(ENDING, SEND_EOF),
    (ENDING, EOF_OVER): _to(HALF_CLOSED_LOCAL),
    (ENDING, ALL_SENT): _to(CLOSED),
    (CLOSING, EOF_OVER): _to(CLOSED),
    (CLOSING, ALL_SENT): _to(CLOSED),
    # Sending fails. What the peer sent before is still read; the failure is reported after that.
    (OPEN, SEND_FAILED): _to(HALF_CLOSED_LOCAL, REFUSE_INPUT),
    (DROPPING, SEND_FAILED): _to(CLOSED, REFUSE_INPUT, FAIL_OUTPUT_GONE),
    (HALF_CLOSED_REMOTE, SEND_FAILED): _to(CLOSED, REFUSE_INPUT),
    # The peer ends.
    (OPEN, PEER_ENDED): _to(HALF_CLOSED_REMOTE, REPORT_END, CLOSE_OUTPUT, END_INPUT),
    (DROPPING, PEER_ENDED): _to(HALF_CLOSED_REMOTE, REPORT_END, CLOSE_OUTPUT, END_INPUT),
    (HOLDING, PEER_ENDED): _to(CLOSING, SEND_EOF, REPORT_END, CLOSE_OUTPUT),
    (ENDING, PEER_ENDED): _to(CLOSING, SEND_EOF, REPORT_END, CLOSE_OUTPUT),
    (HALF_CLOSED_LOCAL, PEER_ENDED): _to(CLOSED, REPORT_END, CLOSE_OUTPUT),
    # The reader of our output has closed: the relay ends, unless there is input left to send.
    (OPEN, OUTPUT_GONE): _to(CLOSED, FAIL_OUTPUT_GONE),
    (OPEN, DROP): _to(DROPPING, DROP_RECEIVED),
    **{
        (state, event): _to(CLOSED, FAIL_OUTPUT_GONE)
        for state in (HOLDING, ENDING, HALF_CLOSED_LOCAL)
        for event in (OUTPUT_GONE, DROP, READER_LEFT)
    },
    (CLOSING, READER_LEFT): _to(CLOSED, FAIL_OUTPUT_GONE),
    # In any state.
    **{(state, OVER): _to(CLOSED) for state in STATES},
    **{(state, NOTHING): _to(state) for state in STATES},
}

#: The states in which our input is not over, and those in which the peer has not ended.
SENDS = frozenset(state for state, event in TRANSITIONS if event == SEND_FAILED)
RECEIVES = frozenset(state for state, event in TRANSITIONS if event == PEER_ENDED)


def step(state: str, event: str, endings: Endings) -> Transition:
    """Return the transition for an event from outside. Raises KeyError for an impossible one."""
    if state == CLOSED:
        return _to(CLOSED)
    return TRANSITIONS[state, under(endings, event)]


def under(endings: Endings, event: str) -> str:
    """Return what an event means; here, and in peerend.py, nc, ncat and telnet differ."""
    if event == INPUT_ENDED:
        if not endings.shutdown:
            return ALL_SENT if endings.leave_when_sent else EOF_KEPT
        held = endings.eof_after is not None and not endings.leave_when_sent
        return EOF_HELD if held else EOF_DUE
    if event == EOF_OVER and endings.leave_when_sent:
        return ALL_SENT
    if event == TRUNCATED:
        return PEER_ENDED if endings.truncated_ends else OVER
    if event == OUTPUT_GONE and endings.on_output_gone == "finish":
        return DROP
    if event == READER_LEFT and endings.on_output_gone == "stay":
        return NOTHING
    return event
