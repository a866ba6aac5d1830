"""Finding the typed characters that are for telnet and not for the host. Pure."""

from __future__ import annotations

from .settings import OFF, Settings

#: The actions: send bytes, enter the command mode, quit, suspend, or turn the local echo off
#: or on.
TEXT, COMMAND, LEAVE, SUSPEND, HIDE = "text", "command", "leave", "suspend", "hide"

#: The characters after rlogin's escape character at a line's start.
_AFTER_TILDE = {ord("."): LEAVE, 0x1A: SUSPEND}


class Escapes:
    """A parser for these characters, with state over several reads.

    Arguments:
        settings: the characters; they may change.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._line_begins = True
        self._after_tilde = False

    def next(self, data: bytearray, edits_locally: bool) -> tuple[str, bytes]:
        """Remove the first action from ``data``, which is not empty, and return it.

        Arguments:
            data: the typed bytes.
            edits_locally: whether this terminal echoes, so that ^E turns the echo off.
        """
        characters = self._settings.characters
        if self._after_tilde:
            return self._follow_tilde(data)
        tilde, specials = characters["rlogin"], {}
        if tilde == OFF and characters["escape"] != OFF:
            specials[characters["escape"]] = COMMAND
        if edits_locally and characters["echo"] != OFF:
            specials[characters["echo"]] = HIDE
        for position, byte in enumerate(data) if specials or tilde != OFF else ():
            is_tilde = byte == tilde and self._line_begins
            if (is_tilde or byte in specials) and position:
                return TEXT, self._take(data, position)
            if is_tilde:
                del data[0]
                self._after_tilde = True
                return self._follow_tilde(data) if data else (TEXT, b"")
            if byte in specials:
                del data[0]
                return specials[byte], b""
            self._line_begins = byte in b"\r\n"
        return TEXT, self._take(data, len(data))

    def _follow_tilde(self, data: bytearray) -> tuple[str, bytes]:
        characters = self._settings.characters
        self._after_tilde = False
        byte = data.pop(0)
        if byte == characters["escape"] and byte != characters["rlogin"]:
            return COMMAND, b""
        if byte in _AFTER_TILDE:
            return _AFTER_TILDE[byte], b""
        self._line_begins = byte in b"\r\n"
        # Typed twice, it is sent once, as in rlogin.
        doubled = byte == characters["rlogin"]
        return TEXT, bytes((byte,)) if doubled else bytes((characters["rlogin"], byte))

    @staticmethod
    def _take(data: bytearray, size: int) -> bytes:
        taken = bytes(data[:size])
        del data[:size]
        return taken
