r"""Windows named pipes: ``pipe:NAME`` is ``\\.\pipe\NAME`` (windows/ has the rest)."""

from __future__ import annotations

import sys

from ..core.address import Address
from ..core.deadline import Deadline
from ..core.errors import DialError, ListenError
from ..core.typed import TYPE_CHECKING
from . import Options
from .listener import Listener

if TYPE_CHECKING:
    from .windows.pipe_conn import PipeConn

#: Seconds to wait for a server whose instances are all in use, unless the user sets a time-out.
BUSY_TIMEOUT = 20.0


_NOT_HERE = "named pipes exist on Windows only; here a Unix socket does the same (unix:PATH)"


def dial(address: Address, options: Options) -> PipeConn:
    """Connect to a pipe, waiting while it is busy. Raises DialError."""
    if sys.platform != "win32":
        raise DialError("dial", address, _NOT_HERE)
    from .windows import pipe_calls
    from .windows.pipe_conn import cause_of, connection, system_name

    messages = options.pipe_messages
    deadline = Deadline(BUSY_TIMEOUT if options.timeout is None else options.timeout)
    try:
        handle = pipe_calls.connect(system_name(address), messages=messages, deadline=deadline)
    except OSError as error:
        cause = cause_of(error)
        raise DialError("dial", address, cause, ((address, cause),)) from None
    return connection(pipe_calls.Pipe(handle, messages=messages), address, accepted=False)


def listen(address: Address, options: Options) -> Listener:
    """Listen on a pipe that does not exist yet. Raises ListenError."""
    if sys.platform != "win32":
        raise ListenError("listen", address, _NOT_HERE)
    from .windows.pipe_listener import PipeListener

    return PipeListener(address, options)
