"""chat: names and passwords (SPEC 12.1 to 12.5)."""

from __future__ import annotations

from ..scenario.session import Session
from .chat_member import (
    beside,
    chat,
    enter,
    hears_join,
    hears_nothing,
    leave,
    new_channel,
    new_name,
    when_free,
)
from .commands import ask


@chat.must(
    "login",
    "12.1",
    "LOGIN with an unknown name registers it, and the answer is OK.",
    "SPEC 12.1",
    needs=("next-client",),
)
def login(session: Session) -> None:
    for password in (b"secret", b"p!\xc3\xa4$$-word*"):
        peer = session.join()
        ask(peer, b"LOGIN " + new_name() + b" " + password, b"OK")
        ask(peer, b"JOIN " + new_channel(), b"OK")
        peer.close()


@chat.must(
    "password",
    "12.2",
    "A known name needs its password, also after its connection has ended.",
    "SPEC 12.2",
    needs=("login", "quit"),
    unless=("not-logged-in",),
)
def password(session: Session) -> None:
    peer, name = session.join(), new_name()
    ask(peer, b"LOGIN " + name + b" right", b"OK")
    leave(peer)
    peer = session.join()
    for wrong in (b"wrong", b"Right", b"righ", b"rightly"):
        ask(peer, b"LOGIN " + name + b" " + wrong, b"ERROR bad password")
    ask(peer, b"JOIN " + new_channel(), b"ERROR not logged in")
    when_free(session, peer, name, b"right")
    ask(peer, b"JOIN " + new_channel(), b"OK")


@chat.must(
    "name-in-use",
    "12.3",
    "LOGIN with a name that is logged in is refused, after its password was checked.",
    "SPEC 12.3",
    needs=(
        "login",
        "concurrent",
    ),
    unless=("not-logged-in", "password"),
)
def name_in_use(session: Session) -> None:
    first, name = session.join(), new_name()
    ask(first, b"LOGIN " + name + b" right", b"OK")
    second = session.join()
    ask(second, b"LOGIN " + name + b" right", b"ERROR already logged in")
    ask(second, b"LOGIN " + name + b" wrong", b"ERROR bad password")
    ask(second, b"JOIN " + new_channel(), b"ERROR not logged in")
    ask(second, b"LOGIN " + new_name() + b" other", b"OK")
    ask(first, b"JOIN " + new_channel(), b"OK")


@chat.must(
    "second-login",
    "12.4",
    "A second LOGIN on one connection is refused.",
    "SPEC 12.4",
    needs=(
        "login",
        "concurrent",
    ),
    unless=("join",),
)
def second_login(session: Session) -> None:
    channel = new_channel()
    witness = beside(session, channel)
    peer, name = enter(session)
    ask(peer, b"LOGIN " + name + b" secret", b"ERROR already logged in")
    ask(peer, b"LOGIN " + new_name() + b" secret", b"ERROR already logged in")
    # The client is still logged in with its name.
    ask(peer, b"JOIN " + channel, b"OK")
    hears_join(witness, name, channel)


@chat.must(
    "not-logged-in",
    "12.5",
    "JOIN, PART and SAY before LOGIN are answered by ERROR not logged in.",
    "SPEC 12.5",
    needs=("concurrent",),
    unless=("join", "not-in-channel"),
)
def not_logged_in(session: Session) -> None:
    channel = new_channel()
    witness = beside(session, channel)
    peer = session.join()
    for command in (b"JOIN " + channel, b"PART " + channel, b"SAY " + channel + b" hello"):
        ask(peer, command, b"ERROR not logged in")
    hears_nothing(witness)
    ask(peer, b"LOGIN " + new_name() + b" secret", b"OK")
