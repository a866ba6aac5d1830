"""The settings of a telnet user: characters, switches, the environment for the host. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.typed import NamedTuple
from ...transports import Options


class TelnetSetup(NamedTuple):
    """The command line: the host to connect to, and the settings at the start.

    ``target``: a host, and perhaps a port; without them there is only the command mode.
    ``options``: how to dial. ``trace``: a file that records the bytes. ``escape``: all values that
    the user gave; the last one is used.
    """

    target: tuple[str, ...] = ()
    options: Options = Options()
    trace: str | None = None
    escape: tuple[str, ...] = ()
    no_escape: bool = False
    rlogin: bool = False
    binary: bool = False
    binary_output: bool = False
    user: str | None = None
    login: bool = False
    no_login: bool = False


#: A character that is off (POSIX: _POSIX_VDISABLE is 0 on Linux; ours is not a byte).
OFF = -1

#: ^], ^E, and rlogin's ~ (``-r``).
ESCAPE, LOCAL_ECHO, TILDE = 0x1D, 0x05, 0x7E

#: Switch -> (its description, its value at the start).
SWITCHES = {
    "autoflush": ("flushing of output when sending interrupt characters", True),
    "autosynch": ("automatic sending of interrupt characters in urgent mode", False),
    "autologin": ("automatic sending of login and/or authentication info", False),
    "binary": ("sending and receiving of binary data", False),
    "inbinary": ("receiving of binary data", False),
    "outbinary": ("sending of binary data", False),
    "crlf": ("sending carriage returns as telnet <CR><LF>", False),
    "crmod": ("mapping of received carriage returns", False),
    "localchars": ("local recognition of certain control characters", True),
}

#: Switch -> the text of ``display`` when it is on, and when it is off.
SHOWN = {
    "autoflush": (
        "will flush output when sending interrupt characters.",
        "won't flush output when sending interrupt characters.",
    ),
    "autosynch": (
        "will send interrupt characters in urgent mode.",
        "won't send interrupt characters in urgent mode.",
    ),
    "autologin": (
        "will send login name and/or authentication information.",
        "won't send login name and/or authentication information.",
    ),
    "crlf": (
        "will send carriage returns as telnet <CR><LF>.",
        "will send carriage returns as telnet <CR><NUL>.",
    ),
    "crmod": ("will map carriage return on output.", "won't map carriage return on output."),
    "localchars": (
        "will recognize certain control characters.",
        "won't recognize certain control characters.",
    ),
}

#: Character -> its purpose.
CHARACTERS = {
    "echo": "character to toggle local echoing on/off",
    "escape": "character to escape back to telnet command mode",
    "rlogin": "rlogin escape character",
}

#: The variables of the environment that are exported at the start.
EXPORTED = ("DISPLAY", "PRINTER")


def character(text: str) -> int:
    """Return the character that ``X``, ``^X`` or ``off`` stands for; OFF for none."""
    if text in ("", "off"):
        return OFF
    if text[0] == "^" and len(text) > 1:
        return 0x7F if text[1] == "?" else ord(text[1].upper()) & 0x1F
    return text.encode("utf-8", "surrogateescape")[0]


def shown(number: int) -> str:
    """Return a character as ``^X`` or itself."""
    if number == OFF:
        return "off"
    if number == 0x7F:
        return "^?"
    return f"^{chr(number + 0x40)}" if number < 0x20 else chr(number)


class Settings:
    """One user's settings, for the whole run.

    Arguments:
        setup: the command line.
        environment: the variables of the process.
        login: the user's name, for -a.
    """

    def __init__(self, setup: TelnetSetup, environment: Mapping[str, str], login: str) -> None:
        escape = character(setup.escape[-1]) if setup.escape else ESCAPE
        rlogin = OFF
        if setup.rlogin:
            rlogin = escape if setup.escape else TILDE
        if setup.no_escape:
            escape = rlogin = OFF
        #: Character -> its number.
        self.characters = {"echo": LOCAL_ECHO, "escape": escape, "rlogin": rlogin}
        self.switches = {name: on for name, (_, on) in SWITCHES.items()}
        self.switches["binary"] = self.switches["inbinary"] = setup.binary
        self.switches["outbinary"] = setup.binary or setup.binary_output
        self.variables = dict(environment)
        self.exported = {name for name in EXPORTED if name in environment}
        user = setup.user if setup.user is not None else login if setup.login else None
        self.switches["autologin"] = user is not None and not setup.no_login
        if user is not None and not setup.no_login:
            self.offer_user(user)

    def offer_user(self, user: str) -> None:
        """Export a user's name to the host."""
        self.variables["USER"] = user
        self.exported.add("USER")

    @property
    def escape(self) -> int:
        """The escape character."""
        return self.characters["escape"]
