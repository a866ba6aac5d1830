r"""Filtering a peer's output for a terminal: harmful control sequences are not executed. No I/O.

A terminal executes the sequences that are written to it. It puts text into the clipboard (OSC 52),
answers a query (DA, DSR, DECRQSS, XTGETTCAP, ENQ, a title that was set before) as if the user had
typed the answer, which the shell then takes for a command; it changes the keyboard, and erases
earlier output.

Only listed sequences for drawing pass: colours, cursor moves, erasing, scrolling, character sets,
the alternate screen. Other sequences are shown, not executed: ESC becomes ``\e``, and the rest is
text (``\e]52;c;...``), as in less and git, which show ``^[``. So nothing is lost (but "erase the
scrollback", which is dropped), and nothing has to be buffered until the end of a string, which may
never come. C1 controls are shown too, in their
8-bit form (0x9B is CSI where text is not UTF-8, and to careless terminals) and as UTF-8 (U+009B).
"""

from __future__ import annotations

import re

#: The limit of bytes between a sequence's introducer and its last byte; a longer one is shown.
LONGEST = 60

#: ECMA-48 5.4 and 5.3: a control sequence (CSI ... final), any other escape sequence, or an ESC
#: that starts none of them. ENQ and BEL, and bytes that are not ASCII.
_SPECIAL = re.compile(
    rb"\x1b(?:\[[0-?]{0,%d}[ -/]{0,2}[@-~]|[ -/]{1,2}[0-~]|[0-Z\\-~])?|[\x05\x07]|[\x80-\xff]+"
    % LONGEST
)

#: Bytes that may become a sequence with the next bytes.
_BEGUN = re.compile(rb"\x1b(?:\[[0-?]{0,%d}[ -/]{0,2}|[ -/]{0,2})\Z" % LONGEST)
_LONGEST_BEGUN = LONGEST + 4

#: The beginning of a character of several bytes (RFC 3629 4).
_HALF_A_CHARACTER = re.compile(
    rb"(?:[\xc2-\xdf]|\xe0[\xa0-\xbf]?|[\xe1-\xec\xee\xef][\x80-\xbf]?|\xed[\x80-\x9f]?"
    rb"|\xf0(?:[\x90-\xbf][\x80-\xbf]?)?|[\xf1-\xf3][\x80-\xbf]{0,2}|\xf4(?:[\x80-\x8f][\x80-\xbf]?)?)\Z"
)

#: The numbers of a sequence: larger ones have made terminals hang (by repeating a character).
_N = rb"[0-9]{0,5}(?:;[0-9]{0,5})*"

#: Modes (DECSET): cursor keys, reverse video, origin, wrap, cursor, alternate screen, synchronized
#: output. No reports of the mouse, focus or pastes: they would be input for the next shell.
_MODE = rb"(?:1|5|6|7|12|25|47|1047|1048|1049|2026)"

#: The sequences that only draw.
_DRAWS = re.compile(
    rb"\x1b(?:\["
    rb"(?:[0-9;:]*m"  # SGR
    rb"|%(n)s[@A-IKLMPSXZ`abdefgrsu]"  # move, erase, insert, delete, scroll, repeat, tabs, margins
    rb"|[0-2]?J"  # ED
    rb"|[0-9]{0,5}T"  # SD; with five numbers it would track the mouse
    rb"|\?[0-2]?[JK]|4[hl]|!p|[0-6]? q"  # selective erase, insert mode, DECSTR, cursor shape
    rb"|\?%(mode)s(?:;%(mode)s)*[hl])"
    rb"|[78DEHM=>]|#[34568]|[()*+][0-2A-Z])" % {b"n": _N, b"mode": _MODE}
)

#: ED 3 erases the scrollback, which has the user's earlier output. ``clear`` in a remote shell
#: sends it after ED 2 each time, and as text it would be noise: it is neither obeyed nor shown.
_ERASES_SCROLLBACK = b"\x1b[3J"

_OPENS_STRING = (b"\x1bP", b"\x1bX", b"\x1b]", b"\x1b^", b"\x1b_")  # DCS, SOS, OSC, PM, APC
_C1 = re.compile(r"[\x80-\x9f]")
_C1_BYTE = re.compile(rb"[\x80-\x9f]")


class SequenceFilter:
    r"""The filter of a peer's bytes for a terminal; cuts in the input do not change its output.

    Arguments:
        utf8: whether the terminal's text is UTF-8; then other bytes are escaped (``\xe9``).
    """

    def __init__(self, *, utf8: bool = True) -> None:
        self._utf8 = utf8
        #: The start of a sequence, or of a character, which depends on the next bytes.
        self._held = b""
        #: Whether the next BEL ends a string that was shown (as in OSC), and must not ring.
        self._in_string = False

    def feed(self, data: bytes) -> bytes:
        """Return what to write for these bytes."""
        if not self._held and data.isascii() and not self._is_special(data):
            return data
        data = self._held + data
        cut = self._begun(data)
        self._held, data = data[cut:], data[:cut]
        if not self._is_special(data) and self._is_text(data):
            return data
        return _SPECIAL.sub(self._shown, data)

    def end(self) -> bytes:
        """Return what to write at the end: an incomplete sequence or character."""
        data, self._held = self._held, b""
        return _SPECIAL.sub(self._shown, data)

    def _is_special(self, data: bytes) -> bool:
        return b"\x1b" in data or b"\x05" in data or (self._in_string and b"\x07" in data)

    def _is_text(self, data: bytes) -> bool:
        """Return whether it is all text, without C1 controls."""
        if not self._utf8:
            return _C1_BYTE.search(data) is None
        try:
            return data.isascii() or _C1.search(data.decode()) is None
        except UnicodeDecodeError:
            return False

    def _begun(self, data: bytes) -> int:
        """Return the start of a sequence or character that the end of the data cuts."""
        found = data.rfind(b"\x1b", -_LONGEST_BEGUN)
        if found >= 0 and _BEGUN.match(data, found):
            return found
        half = _HALF_A_CHARACTER.search(data, max(0, len(data) - 3)) if self._utf8 else None
        return half.start() if half else len(data)

    def _shown(self, match: re.Match[bytes]) -> bytes:
        found = match[0]
        if found == b"\x07":
            ends, self._in_string = self._in_string, False
            return rb"\a" if ends else found
        if found == b"\x05":
            return rb"\x05"
        if found[0] == 0x1B:
            if _DRAWS.fullmatch(found):
                self._in_string = False
                return found
            self._in_string = found in _OPENS_STRING
            if found == _ERASES_SCROLLBACK:
                return b""
            return rb"\e" + found[1:]
        if self._is_text(found):
            return found
        if self._utf8:
            text = found.decode("utf-8", "backslashreplace")
            return _C1.sub(lambda control: f"\\u{ord(control[0]):04x}", text).encode()
        return _C1_BYTE.sub(lambda control: b"\\x%02x" % control[0][0], found)
