"""Many connections joined at once, until a signal ends it: no new ones, and time for those inside.

SIGTERM ends it at once, or with --drain when all have left, or their time is over; SIGTERM again
ends it at once.
"""

from __future__ import annotations

from ...core.errors import Terminated
from ...engine.loop import Loop
from ..shared.clients import Clients


def serve(clients: Clients, loop: Loop, drain: float | None) -> None:
    """Serve until a signal ends it. Raises what it was ended by.

    Arguments:
        drain: seconds that those inside have to end then.
    """
    try:
        clients.open()
        loop.run_while(lambda: True)
    except Terminated:
        if not drain:
            raise
        _drain(clients, loop, drain)
    finally:
        clients.break_off()


def _drain(clients: Clients, loop: Loop, seconds: float) -> None:
    clients.shut()
    over: list[bool] = []
    loop.call_later(seconds, lambda: over.append(True))
    loop.run_while(lambda: bool(clients.sessions) and not over)
