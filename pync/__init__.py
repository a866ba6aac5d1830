r"""pync: a replacement for netcat and telnet, as a command and as a library.

    with pync.dial("tcp://localhost:9000", timeout=5) as conn:
        conn.send_all(b"hello\n")
        conn.send_eof()
        print(conn.recv(65536))

Everything is loaded when it is first used; importing pync costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["dial", "listen", "main", "relay"]
__version__ = "0.1.0"

if TYPE_CHECKING:
    from .cli import main
    from .library import dial, listen, relay

_HOMES = {"dial": "library", "listen": "library", "relay": "library", "main": "cli"}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{home}", __name__), name)
