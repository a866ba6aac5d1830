"""interact and similar functions: a user talks to a host by standard input and output.

It is a very simple telnet: lines in, text out. The program ``telnet`` (pync --as=telnet) does more.
"""

from __future__ import annotations

import sys
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable

from ..core.deadline import Deadline
from ..core.typed import TYPE_CHECKING
from ..waiting.readiness import Readable

if TYPE_CHECKING:
    from . import Telnet

_CLOSED = "*** Connection closed by remote host ***\n"


def show(text: str) -> None:
    """Write to standard output, and flush it."""
    sys.stdout.write(text)
    sys.stdout.flush()


def interact(telnet: Telnet) -> None:
    """Send lines and show received text, until the host or standard input ends."""
    if sys.platform == "win32":
        # On Windows, select(2) supports only sockets.
        mt_interact(telnet)
        return
    host, user = telnet.fileno(), sys.stdin.fileno()
    either = Readable((host, user))
    decoded = _decoder()
    while True:
        # Show text that was read before, without waiting.
        ready = either.wait(Deadline(0 if telnet.cookedq else None))
        if (host in ready or telnet.cookedq) and not _show_what_came(telnet, decoded):
            return
        if user in ready and not _send_a_line(telnet):
            return


def mt_interact(telnet: Telnet) -> None:
    """Do the same: this thread reads standard input, another one reads from the host."""
    threading.Thread(target=telnet.listener, daemon=True).start()
    while _send_a_line(telnet):
        pass


def listener(telnet: Telnet) -> None:
    """Show received text until the host ends, or we close."""
    decoded = _decoder()
    try:
        while text := telnet.read_some():
            show(decoded(text))
    except OSError:
        if telnet.sock is None:
            return  # closed by the other thread
        raise
    show(decoded(b"", True) + _CLOSED)


def _show_what_came(telnet: Telnet, decoded: Callable[..., str]) -> bool:
    try:
        text = telnet.read_eager()
    except EOFError:
        show(decoded(b"", True) + _CLOSED)
        return False
    if text:
        show(decoded(text))
    return True


def _send_a_line(telnet: Telnet) -> bool:
    line = sys.stdin.readline()
    if line:
        telnet.write(line.encode("utf-8", "surrogateescape"))
    return bool(line)


def _decoder() -> Callable[..., str]:
    # A character may be split between two reads.
    return getincrementaldecoder("utf-8")("replace").decode
