"""crud: data whose command was answered OK outlives the server (SPEC 10.15, 10.16)."""

from __future__ import annotations

from ..scenario.session import Session
from .commands import ask, finish
from .crud_record import crud, new_key
from .lifecycle import STOP_TIMEOUT


@crud.must(
    "kept-sigterm",
    "10.15",
    "What was answered OK is still there after SIGTERM and a new start.",
    "SPEC 10.15",
    spawned=True,
    needs=("update", "sigterm-idle", "values"),
    unless=("shared",),
)
def kept_sigterm(session: Session) -> None:
    _is_kept(session, lambda: session.terminate(STOP_TIMEOUT))


@crud.must(
    "kept-sigkill",
    "10.16",
    "What was answered OK is still there after SIGKILL and a new start.",
    "SPEC 10.16",
    spawned=True,
    needs=("update", "values"),
    unless=("kept-sigterm", "shared"),
)
def kept_sigkill(session: Session) -> None:
    _is_kept(session, session.kill)


def _is_kept(session: Session, end) -> None:  # type: ignore[no-untyped-def]
    peer = session.join()
    stays, changes, goes = new_key(), new_key(), new_key()
    value = b"two  spaces \x00\xff and \r one"
    ask(peer, b"create " + stays + b" " + value, b"OK")
    ask(peer, b"create " + changes + b" before", b"OK")
    ask(peer, b"create " + goes + b" x", b"OK")
    ask(peer, b"update " + changes + b" after", b"OK")
    ask(peer, b"delete " + goes, b"OK")
    # Twice: data that was read after one start must still exist after the next one.
    for _ in range(2):
        # Another clause (7.11) judges whether the server ends although clients are connected.
        peer.close()
        end()
        session.start_again()
        peer = session.join()
        ask(peer, b"read " + stays, b"OK " + value)
        ask(peer, b"read " + changes, b"OK after")
        ask(peer, b"read " + goes, b"ERROR not found")
        ask(peer, b"create " + stays + b" x", b"ERROR exists")
    finish(peer)
