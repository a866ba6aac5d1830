r"""TELNET (RFC 854), sans I/O: the user's text on one side, the bytes of the network on the other.

It is incremental: commands, options and subnegotiations may be cut anywhere. Options are
negotiated by the Q method (telnet_options.py), so no peer can cause a loop, not even one that
echoes everything. The memory that a peer can use is limited.

Text is that of the network virtual terminal: CR LF is a line's end, CR NUL a CR, and 0xFF
is doubled. With BINARY (RFC 856), only the doubling is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..core.typed import NamedTuple
from .telnet_options import Side
from .telnet_protocol import (
    BINARY,
    DO,
    DONT,
    IAC,
    SB,
    TM,
    VERBS,
    WILL,
    WONT,
    command,
    subnegotiation,
)

#: The limit of bytes of a subnegotiation; a longer one is dropped whole.
LARGEST = 4096

_IAC = bytes((IAC,))

#: The states of the parser between two bytes.
_DATA, _COMMAND, _VERB, _SUB, _SUB_IAC = range(5)


class Abilities(NamedTuple):
    """The options that we support.

    ``ours``: options that we may perform. ``theirs``: options that the peer may perform.
    ``announce``: option -> the data of a subnegotiation to send once we perform it.
    ``answer``: option -> the answer to the data of the peer's subnegotiation, or None.
    """

    ours: frozenset[int] = frozenset()
    theirs: frozenset[int] = frozenset()
    announce: Mapping[int, Callable[[], bytes]] = MappingProxyType({})
    answer: Mapping[int, Callable[[bytes], bytes | None]] = MappingProxyType({})


#: Refuse everything: answer DO by WONT, and WILL by DONT.
NOTHING = Abilities()


class Telnet:
    """One connection's TELNET layer.

    Arguments:
        abilities: the options to agree to; the default refuses everything.
        text: whether lines and 0xFF are translated; without it, data is sent unchanged, and
            only commands are removed from received data (``-t``).
    """

    def __init__(self, abilities: Abilities = NOTHING, *, text: bool = True) -> None:
        #: Whether the peer's EOF has been seen.
        self.ended = False
        #: Whether an LF sent is a line's end; if not, it is the character LF, like a key.
        self.sends_lines = True
        #: Whether CR LF received stays CR LF.
        self.keeps_crlf = False
        #: Whether a lone CR received becomes CR LF, and one sent becomes CR LF.
        self.adds_lf = False
        self.sends_crlf = False
        #: The options that we perform, and those that the peer performs.
        self.us = Side(abilities.ours)
        self.peer = Side(abilities.theirs)
        #: Called with every command without an option (NOP, AYT, SB, SE ...), by number.
        self.heard: Callable[[int], None] = lambda _number: None
        #: Called with the verb and the option of a negotiation; returns whether it has answered.
        self.negotiated: Callable[[int, int], bool] = lambda _verb, _option: False
        #: The option and the data of the last subnegotiation; empty if it was too long.
        self.subnegotiated = b""
        self._abilities = abilities
        self._text = text
        self._state = _DATA
        self._verb = 0
        #: The option's number, then its data; empty before the number.
        self._sub = bytearray()
        self._sub_is_too_large = False
        self._held_cr = False
        self._sent_cr = False
        self._outgoing = bytearray()

    # The network's side.

    def receive(self, data: bytes) -> bytes:
        """Return the user's text in received bytes; ``b""`` as argument is the peer's EOF."""
        if not data:
            self.ended = True
            held, self._held_cr = self._held_cr, False
            return b"\r" if held else b""
        pieces: list[bytes] = []
        position = 0
        while position < len(data):
            if self._state == _DATA:
                position = self._take_text(data, position, pieces)
            elif self._state == _SUB:
                position = self._take_subnegotiation(data, position)
            else:
                self._take_byte(data[position], pieces)
                position += 1
        return b"".join(pieces)

    def outgoing(self) -> bytes:
        """Return, and forget, the commands and answers that must be sent."""
        out = bytes(self._outgoing)
        self._outgoing.clear()
        return out

    # The user's side.

    def send(self, data: bytes) -> bytes:
        """Return the bytes of the network for the user's bytes."""
        if not self._text or not data:
            return data
        if not self.us.is_on(BINARY):
            data = self._lines(data)
        return data.replace(_IAC, _IAC + _IAC)

    def send_eof(self) -> bytes:
        """Return the bytes that must be sent before FIN."""
        owed, self._sent_cr = self._sent_cr, False
        return b"\0" if owed else b""

    def command(self, number: int) -> None:
        """Send a command without an option, such as NOP, AYT or IP."""
        self._outgoing += command(number)

    def negotiate(self, verb: int, option: int) -> None:
        """Send WILL, WONT, DO or DONT, if it changes anything."""
        about_us, yes = VERBS[verb]
        # VERBS has the meanings for received verbs: sent by us, WILL and WONT are about us.
        side = self.peer if about_us else self.us
        self._say(side, option, side.ask(option, yes))

    def subnegotiate(self, option: int, data: bytes) -> None:
        """Send a subnegotiation."""
        self._outgoing += subnegotiation(option, data)

    # Parsing.

    def _take_text(self, data: bytes, position: int, pieces: list[bytes]) -> int:
        mark = data.find(_IAC, position)
        end = len(data) if mark < 0 else mark
        pieces.append(self._read_text(data[position:end]))
        if mark < 0:
            return end
        self._state = _COMMAND
        return mark + 1

    def _take_subnegotiation(self, data: bytes, position: int) -> int:
        mark = data.find(_IAC, position)
        end = len(data) if mark < 0 else mark
        self._keep(data[position:end])
        if mark < 0:
            return end
        self._state = _SUB_IAC
        return mark + 1

    def _take_byte(self, byte: int, pieces: list[bytes]) -> None:
        if self._state == _COMMAND:
            self._take_command(byte, pieces)
        elif self._state == _VERB:
            self._state = _DATA
            self._negotiate(self._verb, byte)
        elif byte == IAC:
            self._keep(_IAC)
            self._state = _SUB
        else:
            # IAC SE ends it; so does IAC with another byte, from a peer that has omitted SE.
            self._state = _DATA
            self._answer_subnegotiation()
            self._take_command(byte, pieces)

    def _take_command(self, byte: int, pieces: list[bytes]) -> None:
        self._state = _DATA
        if byte == IAC:
            pieces.append(self._read_text(_IAC))
        elif byte in VERBS:
            self._verb, self._state = byte, _VERB
        elif byte == SB:
            self._state = _SUB
            self._sub.clear()
            self._sub_is_too_large = False
            self.heard(byte)
        else:
            self.heard(byte)

    def _keep(self, data: bytes) -> None:
        if len(self._sub) + len(data) > LARGEST:
            self._sub_is_too_large = True
            self._sub.clear()
        elif not self._sub_is_too_large:
            self._sub += data

    # Options.

    def _negotiate(self, verb: int, option: int) -> None:
        if self.negotiated(verb, option):
            return
        about_us, yes = VERBS[verb]
        if option == TM:
            # No state: each DO is answered at its position in the data (RFC 860).
            if verb == DO:
                self._outgoing += command(WILL if self._text else WONT, TM)
            return
        side = self.us if about_us else self.peer
        was_on = side.is_on(option)
        self._say(side, option, side.hear(option, yes))
        announce = self._abilities.announce.get(option)
        if about_us and announce is not None and side.is_on(option) and not was_on:
            self.subnegotiate(option, announce())

    def _say(self, side: Side, option: int, yes: bool | None) -> None:
        if yes is not None:
            verbs = (WONT, WILL) if side is self.us else (DONT, DO)
            self._outgoing += command(verbs[yes], option)

    def _answer_subnegotiation(self) -> None:
        self.subnegotiated = bytes(self._sub)
        if not self._sub or self._sub_is_too_large:
            return  # IAC SB IAC SE names no option
        option, data = self._sub[0], bytes(self._sub[1:])
        answer = self._abilities.answer.get(option)
        if answer is None or not self.us.is_on(option):
            return
        said = answer(data)
        if said is not None:
            self.subnegotiate(option, said)

    # Text.

    def _read_text(self, data: bytes) -> bytes:
        if not self._text or not data:
            return data
        if self._held_cr:
            data, self._held_cr = b"\r" + data, False
        if self.peer.is_on(BINARY):
            return data
        if data.endswith(b"\r"):
            # Its meaning depends on the next byte, which may come much later.
            data, self._held_cr = data[:-1], True
        if b"\r" not in data:
            return data
        if self.adds_lf:
            data = re.sub(rb"\r(?![\n\0])", b"\r\n", data)
        if not self.keeps_crlf:
            data = data.replace(b"\r\n", b"\n")
        return data.replace(b"\r\0", b"\r")

    def _lines(self, data: bytes) -> bytes:
        after_cr = b"\n" if self.sends_crlf else b"\0"
        before = b""
        if self._sent_cr:
            # The last data sent ended in CR; this byte decides its meaning.
            self._sent_cr = False
            before, data = (b"\n", data[1:]) if data.startswith(b"\n") else (after_cr, data)
        if not self.sends_lines:
            return before + data.replace(b"\r", b"\r" + after_cr)
        if data.endswith(b"\r"):
            self._sent_cr, data = True, data[:-1]
        data = data.replace(b"\r\n", b"\n")
        data = data.replace(b"\r", b"\n" if self.sends_crlf else b"\r\0")
        return before + data.replace(b"\n", b"\r\n") + (b"\r" if self._sent_cr else b"")
