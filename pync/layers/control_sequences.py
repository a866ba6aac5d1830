r"""What a peer sends to a terminal, without the control sequences that can do harm. No I/O.

A terminal obeys what is written to it. It puts text into the clipboard (OSC 52), types an answer to
a query (DA, DSR, DECRQSS, XTGETTCAP, ENQ, a title that it was given before) as if the user had, and
the shell takes that for a command; it changes its keyboard, and forgets what it has shown.

What passes is a list of what draws: colours, cursor moves, erasing, scrolling, character sets, the
alternate screen. A sequence of another kind is shown and not obeyed: ESC becomes ``\e``, and the
rest of it is text (``\e]52;c;...``), as in less and in git, which show ``^[``. So nothing is lost,
and nothing has to be kept until a string ends that may never end. C1 controls are shown too, in
their 8-bit form (0x9B is CSI where text is not UTF-8, and to careless terminals) and as UTF-8
(U+009B).
"""

from __future__ import annotations

import re

#: Bytes of a sequence between its introducer and its last byte; a longer one is shown.
LONGEST = 60

#: ECMA-48 5.4 and 5.3: a control sequence (CSI ... final), any other escape sequence, or an ESC
#: that begins none of them. ENQ and BEL, and bytes that are not ASCII.
_SPECIAL = re.compile(
    rb"\x1b(?:\[[0-?]{0,%d}[ -/]{0,2}[@-~]|[ -/]{1,2}[0-~]|[0-Z\\-~])?|[\x05\x07]|[\x80-\xff]+"
    % LONGEST
)

#: What may become a sequence with what comes next.
_BEGUN = re.compile(rb"\x1b(?:\[[0-?]{0,%d}[ -/]{0,2}|[ -/]{0,2})\Z" % LONGEST)
_LONGEST_BEGUN = LONGEST + 4

#: The beginning of a character of several bytes (RFC 3629 4).
_HALF_A_CHARACTER = re.compile(
    rb"(?:[\xc2-\xdf]|\xe0[\xa0-\xbf]?|[\xe1-\xec\xee\xef][\x80-\xbf]?|\xed[\x80-\x9f]?"
    rb"|\xf0(?:[\x90-\xbf][\x80-\xbf]?)?|[\xf1-\xf3][\x80-\xbf]{0,2}|\xf4(?:[\x80-\x8f][\x80-\xbf]?)?)\Z"
)

#: Numbers of a sequence: terminals have hung on larger ones (repeat a character so often).
_N = rb"[0-9]{0,5}(?:;[0-9]{0,5})*"

#: Modes (DECSET): cursor keys, reverse video, origin, wrap, cursor, alternate screen, output in one
#: go. No reports of the mouse, of the focus or of pastes: they would be typed into the next shell.
_MODE = rb"(?:1|5|6|7|12|25|47|1047|1048|1049|2026)"

#: What draws, and nothing else.
_DRAWS = re.compile(
    rb"\x1b(?:\["
    rb"(?:[0-9;:]*m"  # SGR
    rb"|%(n)s[@A-IKLMPSXZ`abdefgrsu]"  # move, erase, insert, delete, scroll, repeat, tabs, margins
    rb"|[0-2]?J"  # ED; 3 is the scrollback, which is the user's
    rb"|[0-9]{0,5}T"  # SD; with five numbers it tracks the mouse
    rb"|\?[0-2]?[JK]|4[hl]|!p|[0-6]? q"  # selective erase, insert mode, DECSTR, cursor shape
    rb"|\?%(mode)s(?:;%(mode)s)*[hl])"
    rb"|[78DEHM=>]|#[34568]|[()*+][0-2A-Z])" % {b"n": _N, b"mode": _MODE}
)

_OPENS_STRING = (b"\x1bP", b"\x1bX", b"\x1b]", b"\x1b^", b"\x1b_")  # DCS, SOS, OSC, PM, APC
_C1 = re.compile(r"[\x80-\x9f]")
_C1_BYTE = re.compile(rb"[\x80-\x9f]")


class SequenceFilter:
    r"""Makes what a peer sends fit for a terminal; the output is the same however it is cut.

    Arguments:
        utf8: whether the terminal's text is UTF-8. What is not is shown then (``\xe9``).
    """

    def __init__(self, *, utf8: bool = True) -> None:
        self._utf8 = utf8
        #: The beginning of a sequence, or of a character, which the next bytes decide on.
        self._held = b""
        #: Whether the next BEL ends a string that was shown (as OSC's do), and rings no bell.
        self._in_string = False

    def feed(self, data: bytes) -> bytes:
        """What to write for these bytes."""
        if not self._held and data.isascii() and not self._is_special(data):
            return data
        data = self._held + data
        cut = self._begun(data)
        self._held, data = data[cut:], data[:cut]
        if not self._is_special(data) and self._is_text(data):
            return data
        return _SPECIAL.sub(self._shown, data)

    def end(self) -> bytes:
        """What to write at the end: what the last bytes began and did not finish."""
        data, self._held = self._held, b""
        return _SPECIAL.sub(self._shown, data)

    def _is_special(self, data: bytes) -> bool:
        return b"\x1b" in data or b"\x05" in data or (self._in_string and b"\x07" in data)

    def _is_text(self, data: bytes) -> bool:
        """Whether it is all text, and no C1 control is in it."""
        if not self._utf8:
            return _C1_BYTE.search(data) is None
        try:
            return data.isascii() or _C1.search(data.decode()) is None
        except UnicodeDecodeError:
            return False

    def _begun(self, data: bytes) -> int:
        """Where something begins that the end of the data cuts."""
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
            return rb"\e" + found[1:]
        if self._is_text(found):
            return found
        if self._utf8:
            text = found.decode("utf-8", "backslashreplace")
            return _C1.sub(lambda control: f"\\u{ord(control[0]):04x}", text).encode()
        return _C1_BYTE.sub(lambda control: b"\\x%02x" % control[0][0], found)
