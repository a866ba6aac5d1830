"""The table of faults and lawful changes: name, description, and the step that finds each."""

from __future__ import annotations

from ..targets.address import STREAMS, TLS
from . import answers, crowds, datagrams, ends, greetings, inputs, lawful
from .courses import Course
from .datagrams import Exchange
from .fault import (
    PLAIN,
    RESETS,
    Fault,
    both,
    first,
    greeting,
    input_fault,
    stripped,
    without_cr,
    without_line_end,
)


def _table(*faults: Fault) -> dict[str, Fault]:
    return {fault.name: fault for fault in faults}


#: The faults that a server may have.
FAULTS = _table(
    both(
        "last-byte-lost",
        "the last byte of each answer is lost",
        "expect a whole answer, to its last byte",
        lambda data: data[:-1],
    ),
    both(
        "line-end-lost",
        "the line end of each answer is lost",
        "expect the line end as a part of the answer",
        without_line_end,
    ),
    Fault(
        "answer-twice",
        "each answer comes twice",
        "after an answer send the next input and expect the next answer, or FIN, and nothing else",
        answers.changed(lambda data: data * 2),
        datagrams.Twice,
    ),
    Fault(
        "answer-late",
        "each answer comes with the next input",
        "expect an answer before anything else is sent",
        answers.Late,
        datagrams.Late,
    ),
    Fault(
        "answers-once",
        "only the first input of a connection is answered",
        "send a second input when the first is answered, and expect its answer",
        answers.Once,
        datagrams.Once,
    ),
    Fault(
        "answers-swapped",
        "of two answers that are awaited together the second comes first",
        "send two inputs at once (from two clients where each is a datagram), and expect both "
        "answers in order",
        answers.Swapped,
        datagrams.Swapped,
    ),
    Fault(
        "stale-bytes",
        "a shorter answer ends with the rest of the previous one",
        "have a short answer follow a long one on the same connection",
        answers.Stale,
    ),
    both(
        "letters-changed",
        "letters are changed (upper case for lower case)",
        "expect an answer with letters, byte by byte",
        bytes.swapcase,
    ),
    both(
        "blanks-stripped",
        "blanks at the ends of lines are stripped",
        "expect an answer with blanks before and after its words",
        stripped,
    ),
    both("cr-stripped", "CR LF comes as LF", "expect CR LF, byte by byte", without_cr),
    both(
        "cr-added",
        "LF comes as CR LF",
        "expect LF alone, byte by byte",
        lambda data: without_cr(data).replace(b"\n", b"\r\n"),
    ),
    both(
        "line-added",
        "an empty line follows each answer",
        "after an answer send the next input and expect the next answer, or FIN, and nothing else",
        lambda data: data + b"\n",
    ),
    both(
        "nul-added",
        "a NUL follows each answer (strlen + 1)",
        "after an answer send the next input and expect the next answer, or FIN, and nothing else",
        lambda data: data + b"\0",
    ),
    both(
        "padded",
        "an answer is padded with NULs to 1024 bytes (the whole buffer is sent)",
        "after an answer send the next input and expect the next answer, or FIN, and nothing else",
        lambda data: data.ljust(1024, b"\0"),
    ),
    both(
        "high-bytes-mangled",
        "bytes above 127 become question marks",
        "send bytes above 127 that the answer contains: é in UTF-8, or hex(ff)",
        lambda data: bytes(one if one < 128 else 0x3F for one in data),
    ),
    both(
        "cut-at-nul",
        "an answer is cut at a NUL byte (strlen)",
        "send hex(00) in the middle of what the answer contains",
        lambda data: data.split(b"\0")[0],
    ),
    both(
        "cut-at-1k",
        "an answer is cut after 1 KiB",
        "have an answer of more than 1 KiB",
        first(1024),
    ),
    both(
        "cut-at-4k",
        "an answer is cut after 4 KiB",
        "have an answer of more than 4 KiB",
        first(4096),
    ),
    Fault(
        "cut-at-64k",
        "an answer is cut after 64 KiB",
        "have an answer of more than 64 KiB",
        answers.changed(first(65536)),
    ),
    input_fault(
        "first-line-only",
        "of several lines in one segment only the first is read",
        "send several lines in one segment, and expect an answer to each",
        inputs.first_line,
    ),
    input_fault(
        "segment-is-line",
        "half a line in its own segment is treated as a complete line",
        "send a line in two segments, and expect one answer",
        inputs.as_a_line,
    ),
    input_fault(
        "input-cut-at-1k",
        "of each read only the first 1 KiB is used",
        "send an input of more than 1 KiB, and expect its answer",
        first(1024),
    ),
    Fault(
        "shared-buffer",
        "the unfinished line of one client is put before the next line of another",
        "send half a line, have another client served, then send the other half",
        inputs.SharedBuffer,
    ),
    Fault(
        "empty-swallowed",
        "an empty datagram is not answered",
        "send an empty datagram, and expect its answer",
        datagram=datagrams.EmptySwallowed,
    ),
    Fault(
        "other-port",
        "an answer comes from another port than the one asked",
        "judge the port that an answer comes from",
        datagram=datagrams.OtherPort,
    ),
    greeting("greeting-missing", "the greeting is missing", "expect the greeting", first(0)),
    Fault(
        "greeting-late",
        "the greeting comes after the first input",
        "expect the greeting before anything is sent",
        greetings.Late,
    ),
    greeting(
        "greeting-cut",
        "the last byte of the greeting is lost",
        "expect the whole greeting, to its last byte",
        lambda data: data[:-1],
    ),
    greeting(
        "greeting-twice",
        "the greeting comes twice",
        "after the greeting expect the first answer, or FIN, and nothing else",
        lambda data: data * 2,
    ),
    greeting(
        "greeting-changed",
        "letters of the greeting are changed (upper case for lower case)",
        "expect the greeting, byte by byte",
        bytes.swapcase,
    ),
    Fault(
        "held-until-fin",
        "nothing is sent before the client's FIN",
        "expect an answer before eof",
        ends.HeldUntilFin,
    ),
    Fault(
        "lost-at-fin",
        "data that is not written yet is lost when the client sends FIN",
        "send an input and eof directly after it, and expect the answer and end",
        ends.LostAtFin,
    ),
    Fault(
        "early-fin",
        "the connection is ended after the first answer",
        "send a second input when the first is answered, and expect its answer",
        ends.EarlyFin,
    ),
    Fault(
        "no-fin",
        "the server never ends a connection",
        "expect the end of the connection: end",
        ends.NoFin,
    ),
    Fault(
        "half-close-lost",
        "the server ignores the client's FIN",
        "eof, and then expect end",
        ends.HalfCloseLost,
    ),
    Fault(
        "rst-for-fin",
        "the connection is reset (RST) where it should be ended (FIN)",
        "expect FIN: end",
        ends.RstForFin,
        streams=RESETS,
    ),
    Fault(
        "fin-for-rst",
        "the connection is ended (FIN) where it should be reset (RST)",
        "expect RST: expect-reset",
        ends.FinForRst,
        streams=RESETS,
    ),
    Fault(
        "to-another",
        "each answer goes to another client as well",
        "have two clients, and expect that each of them gets its own answers and nothing else",
        crowds.ToAnother,
        datagrams.ToAnother,
    ),
    Fault(
        "one-at-a-time",
        "the next client is served only when the previous one has left",
        "have a second client served while the first one stays: next-client",
        crowds.OneAtATime,
        streams=(*PLAIN, TLS),
    ),
    Fault(
        "few-clients",
        f"no more than {crowds.TABLE} clients are served at a time",
        f"have more than {crowds.TABLE} clients connected at a time, and the last of them served",
        crowds.FewClients,
        streams=(*PLAIN, TLS),
    ),
    Fault(
        "dead-after-one",
        "no client is served after the first one has left",
        "close, and have the next client served: next-client",
        crowds.DeadAfterOne,
        streams=(*PLAIN, TLS),
    ),
    Fault(
        "dead-after-rst",
        "no client is served after the first RST",
        "reset, and have the next client served: next-client",
        crowds.DeadAfterRst,
        streams=(*RESETS, TLS),
    ),
    Fault(
        "rst-unnoticed",
        "the server ignores a client's RST and keeps the connection",
        "reset many clients and count the server's descriptors, or have others told that one left",
        crowds.RstUnnoticed,
        streams=(*RESETS, TLS),
    ),
)

#: The changes that a network or another correct server may make.
LAWFUL = _table(
    Fault("byte-by-byte", "the server's data arrives byte by byte", stream=lawful.ByteByByte),
    Fault("all-at-once", "each answer comes in one piece", stream=answers.Answers),
    Fault(
        "delay",
        "everything arrives 25 ms late, in both directions",
        stream=lawful.Delayed,
        datagram=datagrams.Delayed,
        streams=STREAMS,
    ),
    Fault(
        "small-windows",
        f"no socket takes more than {lawful.WINDOW // 1024} KiB at a time",
        stream=Course,
        streams=STREAMS,
        window=lawful.WINDOW,
    ),
)

#: No fault: behind this proxy, a correct server must still be judged as correct.
NONE = Fault("none", "nothing is changed", stream=Course, datagram=Exchange, streams=STREAMS)

#: All by name.
BY_NAME = {"none": NONE, **FAULTS, **LAWFUL}
