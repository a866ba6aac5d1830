"""The module signal without its enumerations.

signal makes enumerations of its constants. For this it imports enum, functools and collections,
which take half as many instructions as the start of Python itself. The functions and the constants
are those of _signal, where CPython and PyPy implement them; here the constants are plain numbers.
Code that needs the names of signals imports signal. Type checkers see the original.
"""

from __future__ import annotations

from ..core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
else:
    try:
        import _signal as signal
    except ImportError:
        import signal

__all__ = ["signal"]
