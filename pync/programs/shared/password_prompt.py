"""Reading a secret from the terminal without echo: not from the command line, not from stdin."""

from __future__ import annotations

import os

#: The longest secret, in bytes.
LONGEST = 1024


def ask(prompt: str, terminal: str = "/dev/tty") -> bytes:
    """Return what the user types after the prompt, without its end of line.

    Arguments:
        terminal: the device for the prompt and the answer.

    Raises OSError when there is no terminal; KeyboardInterrupt when the user presses ^C.
    """
    try:
        import termios
    except ImportError:
        raise OSError("this system has no terminal to ask on") from None
    descriptor = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    try:
        try:
            before = termios.tcgetattr(descriptor)
        except termios.error as error:
            raise OSError(*error.args) from None
        quiet = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, quiet)
        try:
            os.write(descriptor, prompt.encode())
            return _line(descriptor)
        finally:
            termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
            # The end of line that the user typed was not echoed either.
            os.write(descriptor, b"\n")
    finally:
        os.close(descriptor)


def _line(descriptor: int) -> bytes:
    line = b""
    while len(line) < LONGEST and not line.endswith(b"\n"):
        data = os.read(descriptor, LONGEST)
        if not data:
            break
        line += data
    return line.rstrip(b"\r\n")
