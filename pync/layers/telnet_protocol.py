"""The numbers of TELNET and their names (RFC 854 and the assigned options)."""

from __future__ import annotations

IAC, DONT, DO, WONT, WILL, SB = 255, 254, 253, 252, 251, 250
GA, EL, EC, AYT, AO, IP, BRK, DM, NOP, SE = 249, 248, 247, 246, 245, 244, 243, 242, 241, 240
#: RFC 885 and RFC 1184.
EOR, ABORT, SUSP, EOF = 239, 238, 237, 236

BINARY, ECHO, SGA, STATUS, TM = 0, 1, 3, 5, 6
TTYPE, NAWS, TSPEED, LFLOW, LINEMODE, XDISPLOC, NEW_ENVIRON = 24, 31, 32, 33, 34, 35, 39
LOGOUT = 18

#: First byte of most subnegotiations: a value, or a request for one (RFC 1091, 1079, 1096).
IS, SEND = 0, 1

#: RFC 1572, section 2.
VAR, VALUE, ESC, USERVAR = 0, 1, 2, 3

#: The names of options in ``send do OPTION``.
OPTIONS = {
    "binary": BINARY,
    "echo": ECHO,
    "suppress go ahead": SGA,
    "status": STATUS,
    "timing mark": TM,
    "logout": LOGOUT,
    "terminal type": TTYPE,
    "naws": NAWS,
    "tspeed": TSPEED,
    "lflow": LFLOW,
    "linemode": LINEMODE,
    "xdisploc": XDISPLOC,
    "new-environ": NEW_ENVIRON,
}

#: The four verbs of negotiation: verb -> (whether it is about us, whether it says yes).
VERBS = {WILL: (False, True), WONT: (False, False), DO: (True, True), DONT: (True, False)}


def command(*numbers: int) -> bytes:
    """Return IAC and these numbers."""
    return bytes((IAC, *numbers))


def subnegotiation(option: int, data: bytes) -> bytes:
    """Return IAC SB OPTION data IAC SE, with IAC doubled inside (RFC 855)."""
    return command(SB, option) + data.replace(b"\xff", b"\xff\xff") + command(SE)
