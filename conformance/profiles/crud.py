"""crud (SPEC 10): a small store with line commands, whose data outlives the server.

Keys are new in every run, so that a server that outlives a run can be judged too.
"""

from __future__ import annotations

from ..clients.peer import Peer
from ..core.verdict import Violation
from ..scenario.session import Session
from . import crud_kept
from .commands import LONGEST, ask, ask_in_vain, peek_line
from .common import STEP, every_stream_service, fill_own_queue, settle
from .crud_record import LONG_VALUE, READS, comes_and_goes, crud, new_key, stall

__all__ = ["crud", "crud_kept"]


@crud.must(
    "create",
    "10.1",
    "create makes a new key (OK), and refuses one that exists (ERROR exists).",
    "SPEC 10.1",
    needs=("next-client",),
)
def create(session: Session) -> None:
    peer, key = session.join(), new_key()
    ask(peer, b"create " + key + b" first", b"OK")
    ask(peer, b"create " + key + b" second", b"ERROR exists")
    ask(peer, b"read " + key, b"OK first")


@crud.must(
    "read",
    "10.2",
    "read gives OK and the value, or ERROR not found.",
    "SPEC 10.2",
    needs=("create",),
)
def read(session: Session) -> None:
    peer, key = session.join(), new_key()
    ask(peer, b"read " + key, b"ERROR not found")
    ask(peer, b"create " + key + b" value", b"OK")
    ask(peer, b"read " + key, b"OK value")
    ask(peer, b"read " + key, b"OK value")


@crud.must("update", "10.3", "update changes a key that is there, and no other.", "SPEC 10.3")
def update(session: Session) -> None:
    peer, key = session.join(), new_key()
    ask(peer, b"update " + key + b" one", b"ERROR not found")
    ask(peer, b"read " + key, b"ERROR not found")
    ask(peer, b"create " + key + b" one", b"OK")
    ask(peer, b"update " + key + b" two", b"OK")
    ask(peer, b"read " + key, b"OK two")


@crud.must("delete", "10.4", "delete removes a key that is there.", "SPEC 10.4", needs=("read",))
def delete(session: Session) -> None:
    peer, key, other = session.join(), new_key(), new_key()
    ask(peer, b"delete " + key, b"ERROR not found")
    ask(peer, b"create " + key + b" one", b"OK")
    ask(peer, b"create " + other + b" stays", b"OK")
    ask(peer, b"delete " + key, b"OK")
    ask(peer, b"read " + key, b"ERROR not found")
    ask(peer, b"delete " + key, b"ERROR not found")
    ask(peer, b"create " + key + b" again", b"OK")
    ask(peer, b"read " + other, b"OK stays")


@crud.must(
    "any-case",
    "10.5",
    "Keywords are accepted in upper, lower and mixed case.",
    "SPEC 10.5",
    needs=("update",),
)
def any_case(session: Session) -> None:
    peer, key = session.join(), new_key()
    ask(peer, b"CREATE " + key + b" One", b"OK")
    ask(peer, b"Read " + key, b"OK One")
    ask(peer, b"uPDATE " + key + b" Two", b"OK")
    ask(peer, b"READ " + key, b"OK Two")
    ask(peer, b"DeLeTe " + key, b"OK")


@crud.must(
    "errors",
    "10.6",
    "Anything else is answered by ERROR, and the connection goes on.",
    "SPEC 10.6",
    needs=("update",),
)
def errors(session: Session) -> None:
    peer, key = session.join(), new_key()
    for nonsense in (b"frobnicate", b"", b"create", b"create " + key, b"read", b"delete"):
        ask_in_vain(peer, nonsense)
        ask(peer, b"read " + key, b"ERROR not found")
    ask(peer, b"create " + key + b" value", b"OK")
    ask_in_vain(peer, b"update " + key)
    ask(peer, b"read " + key, b"OK value")


@crud.must(
    "values",
    "10.7",
    "A value is kept as it is: spaces, and any byte except LF.",
    "SPEC 10.7",
    needs=("update",),
)
def values(session: Session) -> None:
    peer, key = session.join(), new_key()
    ask(peer, b"create " + key + b" v", b"OK")
    every = bytes(byte for byte in range(256) if byte != 10)
    for value in (b"two  spaces and one after ", "é漢😀".encode(), b"a\x00b", b"v" + every + b"."):
        ask(peer, b"update " + key + b" " + value, b"OK")
        ask(peer, b"read " + key, b"OK " + value)


@crud.must("long", "10.8", f"Lines of up to {LONGEST} bytes are accepted.", "SPEC 10.8")
def long(session: Session) -> None:
    peer, key = session.join(), new_key()
    command = b"create " + key + b" "
    # A single word, because another clause (10.7) judges blanks.
    value = session.some_words(LONGEST - 1 - len(command)).replace(b" ", b"_")
    ask(peer, command + value, b"OK")
    ask(peer, b"read " + key, b"OK " + value)


@crud.must("case-sensitive", "10.9", "Keys are case-sensitive.", "SPEC 10.9")
def case_sensitive(session: Session) -> None:
    peer, key = session.join(), new_key()
    ask(peer, b"create " + key + b"a lower", b"OK")
    ask(peer, b"read " + key + b"A", b"ERROR not found")
    ask(peer, b"create " + key + b"A upper", b"OK")
    ask(peer, b"read " + key + b"a", b"OK lower")


@crud.must(
    "shared",
    "10.10",
    "All connections share one store.",
    "SPEC 10.10",
    needs=("update", "concurrent"),
)
def shared(session: Session) -> None:
    first, second, key = session.join(), session.join(), new_key()
    ask(first, b"create " + key + b" one", b"OK")
    ask(second, b"read " + key, b"OK one")
    ask(second, b"update " + key + b" two", b"OK")
    ask(first, b"read " + key, b"OK two")
    session.serve(first)
    ask(session.join(), b"read " + key, b"OK two")


@crud.must(
    "one-wins",
    "10.11",
    "Of several simultaneous creates of one key, exactly one gets OK.",
    "SPEC 10.11",
    needs=("shared",),
)
def one_wins(session: Session) -> None:
    peers = [session.join() for _ in range(8)]
    for _ in range(5):
        key = new_key()
        for number, peer in enumerate(peers):
            peer.send(b"create " + key + b" by-%d\n" % number)
        winners = [number for number, peer in enumerate(peers) if _created(peer)]
        if len(winners) != 1:
            raise Violation("not-atomic", f"{len(winners)} of {len(peers)} creates got OK")
        ask(peers[0], b"read " + key, b"OK by-%d" % winners[0])


def _created(peer: Peer) -> bool:
    created = peek_line(peer) != peer.conduct.peek(b"ERROR exists\n")
    peer.expect(b"OK\n" if created else b"ERROR exists\n", "the answer to create")
    return created


@crud.must(
    "ends-fin",
    "10.12",
    "FIN is answered by FIN, after the pending answers.",
    "RFC 9293 3.6",
    needs=("read",),
)
def ends_fin(session: Session) -> None:
    peer, keys = session.join(), [new_key() for _ in range(100)]
    peer.send(b"".join(b"create " + key + b" x\n" for key in keys))
    peer.send_eof()
    peer.expect(b"OK\n" * len(keys), "the pending answers")
    peer.expect_eof()


@crud.must(
    "pending",
    "10.20",
    "Answers that wait to be sent at the client's FIN all come, then FIN.",
    "RFC 9293 3.6 (half-close)",
    needs=("ends-fin", "long"),
    unless=("in-order",),
    once=True,
)
def pending(session: Session) -> None:
    # 8 MiB of answers: more than the sockets of both sides can hold.
    peer = session.join(receive_buffer=256 * 1024)
    stall(session, peer)
    peer.send_eof()
    settle(session, peer)
    peer.expect((b"OK " + LONG_VALUE + b"\n") * READS, "the pending answers")
    peer.expect_eof()
    # A server with a bounded buffer.
    peer, key = session.join(receive_buffer=16 * 1024), new_key()
    ask(peer, b"create " + key + b" " + LONG_VALUE, b"OK")
    commands = peer.conduct.sent((b"read " + key + b"\n") * READS)
    one = len(commands) // READS
    taken = fill_own_queue(
        session, peer, commands, len(commands), step=STEP // len(LONG_VALUE) * one
    )
    peer.send_eof()
    settle(session, peer)
    peer.expect((b"OK " + LONG_VALUE + b"\n") * (taken // one), "the pending answers")
    peer.expect_eof()


@crud.must(
    "segments",
    "10.13",
    "A command that arrives in several segments is one command.",
    "RFC 9293",
    needs=("concurrent",),
)
def segments(session: Session) -> None:
    peer, key = session.join(), new_key()
    command = peer.conduct.sent(b"create " + key + b" cut\n")
    peer.send_raw(command[:9])
    # The barrier: the server reads the first part separately.
    session.next_client_is_served()
    for at in range(9, len(command)):
        peer.send_raw(command[at : at + 1])
    peer.expect(b"OK\n", "the answer to create")
    ask(peer, b"read " + key, b"OK cut")


@crud.must("crlf", "10.14", "A line may end in CR LF.", "SPEC 1", line=("together",))
def crlf(session: Session) -> None:
    peer, key = session.join(), new_key()
    ask(peer, b"create " + key + b" value\r", b"OK")
    ask(peer, b"read " + key + b"\r", b"OK value")
    ask(peer, b"delete " + key + b"\r", b"OK")


@crud.must(
    "keys",
    "10.19",
    "A key may contain any byte except blank, CR and LF, and be as long as a line allows.",
    "SPEC 10.19",
    unless=("long",),
)
def keys(session: Session) -> None:
    peer, key = session.join(), new_key()
    for strange in (b"/", b"/../x", b"..", b"=", b"'", b'"', b"%s", b"\\n", b"*", b"\t", b"\x00"):
        comes_and_goes(peer, key + strange)
    for strange in (b"../" + key, b"-" + key, "é漢".encode() + key, b"\xff" + key, key * 80):
        comes_and_goes(peer, strange)
    ask(peer, b"read " + key, b"ERROR not found")


@crud.must(
    "in-order",
    "10.18",
    "Answers come in the order of their commands, however many are sent at once.",
    "SPEC 10.18",
    needs=("update", "ends-fin"),
    line=("together",),
)
def in_order(session: Session) -> None:
    peer, key, other = session.join(), new_key(), new_key()
    talk = [
        (b"create " + key + b" one", b"OK"),
        (b"read " + key, b"OK one"),
        (b"read " + other, b"ERROR not found"),
        (b"update " + key + b" two", b"OK"),
        (b"create " + key + b" three", b"ERROR exists"),
        (b"read " + key, b"OK two"),
        (b"delete " + key, b"OK"),
    ] * 40
    peer.send(b"".join(command + b"\n" for command, _ in talk))
    answers = b"".join(answer + b"\n" for _, answer in talk)
    peer.expect(answers, "the answers in the order of the commands")


@crud.must(
    "terminal",
    "10.17",
    "A person on a terminal creates and reads.",
    "SPEC 10.17",
    unless=("values",),
)
def terminal(session: Session) -> None:
    person, key = session.terminal(), new_key()
    person.type_line(b"create " + key + b" Hello server")
    person.see(b"OK\n", "the answer to create")
    person.type_line(b"read " + key)
    person.see(b"OK Hello server\n", "the value")


every_stream_service(crud)
