"""The language of the command mode: a table of commands, which may be abbreviated if unique.

A command shows its messages on the console, and returns whether to stay in the command mode
although there is a connection.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable

from ....core.typed import TYPE_CHECKING, NamedTuple
from ....layers.telnet_protocol import DO, DONT, ECHO, LOGOUT, SGA
from ..settings import shown
from .abbreviations import found, table
from .send import send
from .set import display, environ, set_, toggle, unset

if TYPE_CHECKING:
    from ..session import Session
    from ..user import User


class Command(NamedTuple):
    """A command. ``help``: one line. ``run``: (user, words) -> whether to stay in the mode."""

    help: str
    run: Callable[[User, list[str]], bool]
    connected: bool = False


def execute(user: User, line: str) -> bool:
    """Execute a line; return whether to stay in the command mode despite a connection."""
    line = line.strip()
    if line.startswith("!"):
        return _shell(user, line[1:].strip())
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    if not words:
        return False
    name = found(words[0], COMMANDS)
    if not name:
        user.console.say("?Invalid command" if name is None else "?Ambiguous command")
        return True
    if COMMANDS[name].connected and user.session is None:
        user.console.say("?Need to be connected first.")
        return True
    return COMMANDS[name].run(user, words[1:])


def _close(user: User, _words: list[str]) -> bool:
    user.close()
    return False


def _quit(user: User, _words: list[str]) -> bool:
    user.quit()
    return False


def _open(user: User, words: list[str]) -> bool:
    if user.session is not None:
        user.console.say(f"?Already connected to {user.host}")
        return True
    name = None
    if words[:1] == ["-l"]:
        name, words = "".join(words[1:2]), words[2:]
    elif words and words[0].startswith("-l"):
        name, words = words[0][2:], words[1:]
    if not 1 <= len(words) <= 2 or name == "":
        user.console.say("usage: open [-l user] host-name [port]")
        return True
    host, *port = words
    return not user.open(host, *port[:1], login=name)


def _connection(user: User) -> Session:
    assert user.session is not None
    return user.session


def _mode(user: User, words: list[str]) -> bool:
    if user.session is None and words != ["?"]:
        user.console.say("?Need to be connected first.\n'mode ?' for help.")
        return True
    asked = {"character": DO, "line": DONT}
    name = found(words[0], asked) if len(words) == 1 else None
    if not name:
        user.console.say(
            "format is:  'mode Mode', where 'Mode' is one of:\n\n"
            "character       one key after the other goes to the host\n"
            "line            lines are edited here"
        )
        return True
    session = _connection(user)
    session.insists = True
    for option in (SGA, ECHO):
        session.telnet.negotiate(asked[name], option)
    session.follow()
    return False


def _status(user: User, _words: list[str]) -> bool:
    session = user.session
    if session is None:
        user.console.say("No connection.")
    else:
        mode = session.mode
        editing = "obsolete linemode" if mode.editing else "single character mode"
        user.console.say(f"Connected to {user.host}.\nOperating in {editing}")
        if user.settings.switches["localchars"] and not mode.editing:
            user.console.say("Catching signals locally")
        echo = "Local" if mode.echo and not session.hides_input else "Remote"
        user.console.say(f"{echo} character echo")
    user.console.say(f"Escape character is '{shown(user.settings.escape)}'.")
    return False


def _logout(user: User, _words: list[str]) -> bool:
    _connection(user).telnet.negotiate(DO, LOGOUT)
    _connection(user).follow()
    return False


def _suspend(user: User, _words: list[str]) -> bool:
    user.suspend()
    return False


def _shell(user: User, line: str) -> bool:
    user.console.flush()
    user.signals.release()
    try:
        os.system(line or os.environ.get("SHELL", "/bin/sh"))
    finally:
        if user.terminal.is_one:
            user.signals.catch()
    return False


def _help(user: User, words: list[str]) -> bool:
    if not words:
        user.console.say("Commands may be abbreviated.  Commands are:\n")
        user.console.say(table(((name, one.help) for name, one in COMMANDS.items()), 8))
        return True
    for word in words:
        name = found(word, COMMANDS)
        said = {None: f"?Invalid help command {word}", "": f"?Ambiguous help command {word}"}
        user.console.say(COMMANDS[name].help if name else said[name])
    return True


COMMANDS = {
    "close": Command("close current connection", _close, connected=True),
    "logout": Command(
        "forcibly logout remote user and close the connection", _logout, connected=True
    ),
    "display": Command("display operating parameters", display),
    "mode": Command("try to enter line or character mode ('mode ?' for more)", _mode),
    "open": Command("connect to a site", _open),
    "quit": Command("exit telnet", _quit),
    "send": Command("transmit special characters ('send ?' for more)", send),
    "set": Command("set operating parameters ('set ?' for more)", set_),
    "unset": Command("unset operating parameters ('unset ?' for more)", unset),
    "status": Command("print status information", _status),
    "toggle": Command("toggle operating parameters ('toggle ?' for more)", toggle),
    "z": Command("suspend telnet", _suspend),
    "!": Command("invoke a subshell", lambda user, words: _shell(user, shlex.join(words))),
    "environ": Command("change environment variables ('environ ?' for more)", environ),
    "?": Command("print help information", _help),
}
