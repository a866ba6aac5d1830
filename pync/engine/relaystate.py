"""The life of a relay, as a table: what each event does in each state. No I/O.

The states are those of an HTTP/2 stream (RFC 9113 5.1), seen from our side, with what lies
between them: EOF may have to wait, and nobody may read our output.

                     PEER_ENDED    HALF_CLOSED   INPUT_ENDED
           +---------------------->  _REMOTE  ------------------+
           |                                                    v     EOF_OVER
    OPEN --+                                                 CLOSING ----------> CLOSED
           |                                                    ^                   ^
           |  INPUT_ENDED                 PEER_ENDED            |                   |
           +------------> HOLDING, ENDING ----------------------+                   |
                             |  EOF_OVER                        PEER_ENDED          |
                             +----------> HALF_CLOSED_LOCAL ------------------------+

Incumbents disagree on what some events mean. That is decided by ``under``, from Endings alone:
the same event of the outside becomes another one of the table.
"""

from __future__ import annotations

from ..core.endings import Endings

# States.

#: Both directions are open.
OPEN = "open"
#: Both are open, but nobody reads our output: what comes is read and dropped.
DROPPING = "dropping"
#: The peer has ended; our input goes on.
HALF_CLOSED_REMOTE = "half-closed (remote)"
#: Our input is sent; its EOF is held back until the peer is silent.
HOLDING = "holding"
#: Our input is sent; its EOF is being sent.
ENDING = "ending"
#: Our direction is over; the peer goes on.
HALF_CLOSED_LOCAL = "half-closed (local)"
#: Both directions are over; our EOF is being sent.
CLOSING = "closing"
#: Nothing more moves. What was sent may still have to be acknowledged.
CLOSED = "closed"

STATES = (OPEN, DROPPING, HALF_CLOSED_REMOTE, HOLDING, ENDING, HALF_CLOSED_LOCAL, CLOSING, CLOSED)

# Events of the outside.

#: Our input has ended, and all of it is sent.
INPUT_ENDED = "input ended"
#: The peer cannot be sent to any more.
SEND_FAILED = "send failed"
#: The peer was silent for as long as EOF is held back.
SILENCE = "silence"
#: EOF was sent, or it cannot be.
EOF_OVER = "eof over"
#: The peer has ended, and all that it sent is delivered.
PEER_ENDED = "peer ended"
#: The same, but a layer says that this may not be all (TLS without close_notify).
TRUNCATED = "peer ended, perhaps too early"
#: A write has told that our output's reader has left.
OUTPUT_GONE = "output gone"
#: The reader has left, which no write has told yet, and our input is over.
READER_LEFT = "reader left"
#: The relay is to end, whatever else happens: a failure, a time that is over, enough received.
OVER = "over"

# What some of them mean, by Endings.

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
#: Our input is over: the times that count from then begin.
INPUT_OVER = "input over"
#: Tell our input that no more of it is read.
REFUSE_INPUT = "refuse input"
#: Apply Endings.on_peer_end to our input; INPUT_ENDED or OVER may follow.
END_INPUT = "end input"
#: Report the peer's end.
REPORT_END = "report end"
#: End our output.
CLOSE_OUTPUT = "close output"
#: Go on reading the peer, and drop what comes.
DROP_RECEIVED = "drop received"
#: Fail, because nobody reads our output.
FAIL_OUTPUT_GONE = "fail: output gone"


#: The next state, and what to do then, in this order.
Transition = tuple[str, tuple[str, ...]]


def _to(state: str, *actions: str) -> Transition:
    return state, actions


#: (state, what the event means) -> what follows. What is missing cannot happen.
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
    # It is held back so as not to interrupt a peer that sends; this one has ended.
    (HALF_CLOSED_REMOTE, EOF_HELD): _to(CLOSING, SEND_EOF, INPUT_OVER),
    (HALF_CLOSED_REMOTE, EOF_KEPT): _to(CLOSED, INPUT_OVER),
    (HALF_CLOSED_REMOTE, ALL_SENT): _to(CLOSED, INPUT_OVER),
    # EOF goes its way.
    (HOLDING, SILENCE): _to(ENDING, SEND_EOF),
    (ENDING, EOF_OVER): _to(HALF_CLOSED_LOCAL),
    (ENDING, ALL_SENT): _to(CLOSED),
    (CLOSING, EOF_OVER): _to(CLOSED),
    (CLOSING, ALL_SENT): _to(CLOSED),
    # Sending fails. What the peer said first is still read, and what broke is told then.
    (OPEN, SEND_FAILED): _to(HALF_CLOSED_LOCAL, REFUSE_INPUT),
    (DROPPING, SEND_FAILED): _to(CLOSED, REFUSE_INPUT, FAIL_OUTPUT_GONE),
    (HALF_CLOSED_REMOTE, SEND_FAILED): _to(CLOSED, REFUSE_INPUT),
    # The peer ends.
    (OPEN, PEER_ENDED): _to(HALF_CLOSED_REMOTE, REPORT_END, CLOSE_OUTPUT, END_INPUT),
    (DROPPING, PEER_ENDED): _to(HALF_CLOSED_REMOTE, REPORT_END, CLOSE_OUTPUT, END_INPUT),
    (HOLDING, PEER_ENDED): _to(CLOSING, SEND_EOF, REPORT_END, CLOSE_OUTPUT),
    (ENDING, PEER_ENDED): _to(CLOSING, SEND_EOF, REPORT_END, CLOSE_OUTPUT),
    (HALF_CLOSED_LOCAL, PEER_ENDED): _to(CLOSED, REPORT_END, CLOSE_OUTPUT),
    # Nobody reads our output: that is the end, unless input is left that is still to be sent.
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

#: States in which our input is not over, and those in which the peer is not.
SENDS = frozenset(state for state, event in TRANSITIONS if event == SEND_FAILED)
RECEIVES = frozenset(state for state, event in TRANSITIONS if event == PEER_ENDED)


def step(state: str, event: str, endings: Endings) -> Transition:
    """What follows an event of the outside; KeyError for what cannot happen."""
    if state == CLOSED:
        return _to(CLOSED)
    return TRANSITIONS[state, under(endings, event)]


def under(endings: Endings, event: str) -> str:
    """What an event means: here, and in peerend.py, the incumbents differ."""
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
