"""The command ``send``: sends TELNET commands and option verbs by their names."""

from __future__ import annotations

from ....core.number import whole
from ....core.typed import TYPE_CHECKING
from ....layers.telnet_protocol import (
    ABORT,
    AO,
    AYT,
    BRK,
    DO,
    DONT,
    EC,
    EL,
    EOF,
    EOR,
    GA,
    IP,
    NOP,
    OPTIONS,
    SEND,
    STATUS,
    SUSP,
    WILL,
    WONT,
    command,
)
from ..settings import OFF
from .abbreviations import found, table

if TYPE_CHECKING:
    from ..session import Session
    from ..user import User

#: The words of ``send``: word -> (its help, the bytes; None: see the code below).
SENDS: dict[str, tuple[str, bytes | None]] = {
    "ao": ("Send Telnet Abort output", command(AO)),
    "ayt": ("Send Telnet 'Are You There'", command(AYT)),
    "brk": ("Send Telnet Break", command(BRK)),
    "ec": ("Send Telnet Erase Character", command(EC)),
    "el": ("Send Telnet Erase Line", command(EL)),
    "escape": ("Send current escape character", None),
    "ga": ("Send Telnet 'Go Ahead' sequence", command(GA)),
    "ip": ("Send Telnet Interrupt Process", command(IP)),
    "nop": ("Send Telnet 'No operation'", command(NOP)),
    "eor": ("Send Telnet 'End of Record'", command(EOR)),
    "abort": ("Send Telnet 'Abort Process'", command(ABORT)),
    "susp": ("Send Telnet 'Suspend Process'", command(SUSP)),
    "eof": ("Send Telnet End of File Character", command(EOF)),
    "synch": ("Perform Telnet 'Synch operation'", None),
    "getstatus": ("Send request for STATUS", None),
}

_VERBS = {"do": DO, "dont": DONT, "will": WILL, "wont": WONT}


def send(user: User, words: list[str]) -> bool:
    """Send what the words stand for; nothing if one of them is unknown."""
    if not words:
        user.console.say("need at least one argument for 'send' command\n'send ?' for help.")
        return True
    if words[0] in ("?", "help"):
        rows = [(name, help_text) for name, (help_text, _) in SENDS.items()]
        user.console.say(table([*rows, ("?", "Display send options")]))
        return True
    if user.session is None:
        user.console.say("?Need to be connected first.\n'send ?' for help")
        return True
    if words[0].lower() in _VERBS:
        return _send_verb(user, words[0].lower(), words[1:])
    names = [found(word, SENDS) for word in words]
    for word, name in zip(words, names):
        if not name:
            what = "Unknown" if name is None else "Ambiguous"
            user.console.say(f"{what} send argument '{word}'\n'send ?' for help.")
            return True
    for name in names:
        _send_one(user, name or "")
    return False


def _send_one(user: User, name: str) -> None:
    session, data = _connection(user), SENDS[name][1]
    if data is not None:
        session.raw(data)
    elif name == "synch":
        session.synch()
    elif name == "getstatus":
        if session.telnet.peer.is_on(STATUS):
            session.telnet.subnegotiate(STATUS, bytes((SEND,)))
            session.follow()
        else:
            user.console.say("Remote side does not support STATUS option")
    elif user.settings.escape != OFF:
        session.type(bytes((user.settings.escape,)))


def _send_verb(user: User, verb: str, words: list[str]) -> bool:
    option = " ".join(words).lower()
    if option in ("", "?", "help"):
        user.console.say(f"usage: send {verb} <value|option>\n" + ", ".join(OPTIONS))
        return True
    name = found(option, OPTIONS)
    number = whole(option, 255)
    if number is None and name:
        number = OPTIONS[name]
    if number is None:
        user.console.say(f"'{option}': bad value ('send {verb} ?' for help).")
        return True
    session = _connection(user)
    session.insists = True
    session.telnet.negotiate(_VERBS[verb], number)
    session.follow()
    return False


def _connection(user: User) -> Session:
    assert user.session is not None
    return user.session
