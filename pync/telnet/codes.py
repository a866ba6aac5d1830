"""TELNET's commands and options as single bytes, with the names of telnetlib.

RFC 854 has the commands; IANA's list "Telnet Options" has the options.
"""

from __future__ import annotations

#: The port of a TELNET host.
TELNET_PORT = 23
#: The debug level of a new Telnet.
DEBUGLEVEL = 0

# Commands.
SE, NOP, DM, BRK = b"\xf0", b"\xf1", b"\xf2", b"\xf3"
IP, AO, AYT, EC = b"\xf4", b"\xf5", b"\xf6", b"\xf7"
EL, GA, SB = b"\xf8", b"\xf9", b"\xfa"
WILL, WONT, DO, DONT, IAC = b"\xfb", b"\xfc", b"\xfd", b"\xfe", b"\xff"

# Options.
BINARY, ECHO, RCP, SGA, NAMS = b"\0", b"\1", b"\2", b"\3", b"\4"
STATUS, TM, RCTE, NAOL, NAOP = b"\5", b"\6", b"\7", b"\x08", b"\x09"
NAOCRD, NAOHTS, NAOHTD, NAOFFD = b"\x0a", b"\x0b", b"\x0c", b"\x0d"
NAOVTS, NAOVTD, NAOLFD, XASCII = b"\x0e", b"\x0f", b"\x10", b"\x11"
LOGOUT, BM, DET, SUPDUP = b"\x12", b"\x13", b"\x14", b"\x15"
SUPDUPOUTPUT, SNDLOC, TTYPE, EOR = b"\x16", b"\x17", b"\x18", b"\x19"
TUID, OUTMRK, TTYLOC, VT3270REGIME = b"\x1a", b"\x1b", b"\x1c", b"\x1d"
X3PAD, NAWS, TSPEED, LFLOW = b"\x1e", b"\x1f", b"\x20", b"\x21"
LINEMODE, XDISPLOC, OLD_ENVIRON, AUTHENTICATION = b"\x22", b"\x23", b"\x24", b"\x25"
ENCRYPT, NEW_ENVIRON, TN3270E, XAUTH = b"\x26", b"\x27", b"\x28", b"\x29"
CHARSET, RSP, COM_PORT_OPTION, SUPPRESS_LOCAL_ECHO = b"\x2a", b"\x2b", b"\x2c", b"\x2d"
TLS, KERMIT, SEND_URL, FORWARD_X = b"\x2e", b"\x2f", b"\x30", b"\x31"
PRAGMA_LOGON, SSPI_LOGON, PRAGMA_HEARTBEAT = b"\x8a", b"\x8b", b"\x8c"
EXOPL = b"\xff"

#: The argument of an option callback for a command without an option.
NOOPT = b"\0"
#: The byte NUL, which has no meaning in text.
theNULL = b"\0"  # noqa: N816 - telnetlib's name

# fmt: off
__all__ = [
    "AO", "AUTHENTICATION", "AYT", "BINARY", "BM", "BRK", "CHARSET", "COM_PORT_OPTION",
    "DEBUGLEVEL", "DET", "DM", "DO", "DONT", "EC", "ECHO", "EL", "ENCRYPT", "EOR", "EXOPL",
    "FORWARD_X", "GA", "IAC", "IP", "KERMIT", "LFLOW", "LINEMODE", "LOGOUT", "NAMS", "NAOCRD",
    "NAOFFD", "NAOHTD", "NAOHTS", "NAOL", "NAOLFD", "NAOP", "NAOVTD", "NAOVTS", "NAWS",
    "NEW_ENVIRON", "NOOPT", "NOP", "OLD_ENVIRON", "OUTMRK", "PRAGMA_HEARTBEAT", "PRAGMA_LOGON",
    "RCP", "RCTE", "RSP", "SB", "SE", "SEND_URL", "SGA", "SNDLOC", "SSPI_LOGON", "STATUS",
    "SUPDUP", "SUPDUPOUTPUT", "SUPPRESS_LOCAL_ECHO", "TELNET_PORT", "TLS", "TM", "TN3270E",
    "TSPEED", "TTYLOC", "TTYPE", "TUID", "VT3270REGIME", "WILL", "WONT", "X3PAD", "XASCII",
    "XAUTH", "XDISPLOC", "theNULL",
]
