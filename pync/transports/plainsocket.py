"""The module socket; for the command, without its enumerations and its class of sockets.

socket makes enumerations of its constants, and imports enum, selectors and what they need: nine
tenths of the instructions that the start of Python itself takes. Its functions and constants are
those of _socket, where CPython and PyPy implement them. The sockets of _socket can do what a
connection needs, but have no ``accept``, ``makefile``, ``dup`` and ``with``: modules that need
these import socket.

Only the command (``is_command`` of the package core) uses _socket. A Python program that uses the
library gets sockets of the module socket from it, and may have replaced functions of that module.
Type checkers see socket.
"""

from __future__ import annotations

from ..core import is_command
from ..core.typed import TYPE_CHECKING

if TYPE_CHECKING or not is_command:
    import socket
else:
    try:
        import _socket as socket
    except ImportError:
        import socket

__all__ = ["socket"]
