"""The commands that change and show settings: toggle, set, unset, display, environ."""

from __future__ import annotations

from collections.abc import Iterable

from ....core.typed import TYPE_CHECKING
from ....layers.telnet_protocol import BINARY, DO, DONT, WILL, WONT
from ..settings import CHARACTERS, SHOWN, SWITCHES, character, shown
from .abbreviations import found, table

if TYPE_CHECKING:
    from ..user import User


def toggle(user: User, words: list[str]) -> bool:
    """Invert switches."""
    if words[:1] in ([], ["?"]):
        if not words:
            user.console.say("Need an argument to 'toggle' command.  'toggle ?' for help.")
        else:
            user.console.say(table((name, f"toggle {text}") for name, (text, _) in _switches()))
        return True
    for word in words:
        name = found(word, SWITCHES)
        if not name:
            _unknown(user, word, "toggle", ambiguous=name == "")
            return True
        _switch(user, name, not user.settings.switches[name])
    return False


def _switch(user: User, name: str, on: bool) -> None:
    switches, session = user.settings.switches, user.session
    switches[name] = on
    if name == "binary":
        switches["inbinary"] = switches["outbinary"] = on
    if "binary" in name:
        for part, verbs in (("inbinary", (DONT, DO)), ("outbinary", (WONT, WILL))):
            if name in ("binary", part) and session is not None:
                session.telnet.negotiate(verbs[on], BINARY)
                session.follow()
        return
    said = _shown_switch(name, on)
    user.console.say(said[:1].upper() + said[1:])


def _shown_switch(name: str, on: bool) -> str:
    return SHOWN[name][0 if on else 1]


def set_(user: User, words: list[str], verb: str = "set") -> bool:
    """Set a character or a switch to a value."""
    if words[:1] == ["?"]:
        user.console.say(
            table(CHARACTERS.items())
            + "\n\n"
            + table((name, f"enable {text}") for name, (text, _) in _switches())
        )
        return True
    if not words or len(words) > 2 or (verb == "unset" and len(words) > 1):
        user.console.say(f"Format is '{verb} Name Value'\n'{verb} ?' for help.")
        return True
    name = found(words[0], [*CHARACTERS, *SWITCHES])
    if not name:
        _unknown(user, words[0], verb, ambiguous=name == "")
        return True
    value = "off" if verb == "unset" else words[1] if len(words) == 2 else ""
    if name in SWITCHES:
        if value not in ("", "on", "off"):
            user.console.say(f"Format is '{verb} togglename [on|off]'\n'{verb} ?' for help.")
            return True
        _switch(user, name, value != "off")
    else:
        user.settings.characters[name] = character(value)
        what = shown(user.settings.characters[name])
        user.console.say(f"{name} character is '{what}'.")
    return False


def unset(user: User, words: list[str]) -> bool:
    """Turn a character or a switch off."""
    return set_(user, words, "unset")


def display(user: User, words: list[str]) -> bool:
    """Show settings."""
    names = [found(word, [*CHARACTERS, *SWITCHES]) for word in words]
    for word, name in zip(words, names):
        if not name:
            _unknown(user, word, "display", ambiguous=name == "")
            return True
    for name in names or [*SHOWN, *CHARACTERS]:
        if name in SHOWN:
            user.console.say(_shown_switch(name, user.settings.switches[name]))
        elif name in CHARACTERS:
            user.console.say(f"{name:<16}[{shown(user.settings.characters[name])}]")
    return False


def environ(user: User, words: list[str]) -> bool:
    """Show and change the variables that a host may ask for."""
    settings = user.settings
    verb = found(words[0], ENVIRON) if words else None
    if not verb or len(words) - 1 != ENVIRON[verb]:
        user.console.say(
            "usage: environ define VAR VALUE\n"
            "       environ undefine|export|unexport VAR\n"
            "       environ list"
        )
        return True
    if verb == "list":
        for name in sorted(settings.variables):
            mark = "*" if name in settings.exported else " "
            user.console.say(f"{mark} {name:<20} {settings.variables[name]}")
    elif verb == "define":
        settings.variables[words[1]] = words[2]
        settings.exported.add(words[1])
    elif verb == "undefine":
        settings.variables.pop(words[1], None)
        settings.exported.discard(words[1])
    elif verb == "export":
        settings.exported.add(words[1])
    else:
        settings.exported.discard(words[1])
    return False


#: The subcommands of ``environ``, and how many words follow each.
ENVIRON = {"define": 2, "undefine": 1, "export": 1, "unexport": 1, "list": 0}


def _unknown(user: User, word: str, verb: str, *, ambiguous: bool) -> None:
    what = "ambiguous" if ambiguous else "unknown"
    user.console.say(f"'{word}': {what} argument ('{verb} ?' for help).", is_error=True)


def _switches() -> Iterable[tuple[str, tuple[str, bool]]]:
    return SWITCHES.items()
