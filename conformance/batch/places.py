"""Workers on other machines (``--tx``): test each place before a class is judged.

Otherwise, a host that does not exist or an interpreter without the suite would result in
tracebacks of execnet and pytest, or in no result at all.
"""

from __future__ import annotations

import re
import sys
import threading

import execnet

from .. import __version__
from ..core.invocation import SUITE
from ..core.verdict import SuiteFailed, WrongUsage, cause_of

#: Seconds for one place: the connection, the start of an interpreter, its imports.
PLACE_TIMEOUT = 30.0

#: The code that runs there: it imports first pytest, as pytest-xdist does, then the suite.
_ASK = """
path, suite = channel.receive()
try:
    import importlib, pytest
    if path:
        import sys
        sys.path[:] = path
    importlib.import_module(f"{suite}.batch.plugin")
except ImportError as error:
    channel.send((str(error), ""))
else:
    channel.send(("", importlib.import_module(suite).__version__))
"""


def check_places(places: tuple[str, ...]) -> None:
    """Test all places at the same time.

    Raises WrongUsage for a specification that execnet does not know, and SuiteFailed for a
    place that cannot be reached, or where this version of the suite is not installed.
    """
    for error in failures_of(places).values():
        if error is not None:
            raise error


def failures_of(places: tuple[str, ...]) -> dict[str, Exception | None]:
    """Test all places at the same time; return for each the error, or None if it can be used."""
    answers: dict[str, Exception | None] = {}

    def ask(place: str) -> None:
        try:
            _check(place)
        except (WrongUsage, SuiteFailed) as error:
            answers[place] = error
        else:
            answers[place] = None

    asking = [threading.Thread(target=ask, args=(one,), daemon=True) for one in set(places)]
    for one in asking:
        one.start()
    for one in asking:
        one.join(PLACE_TIMEOUT)
    silent = f"no answer for {PLACE_TIMEOUT:g} s"
    return {one: answers.get(one, SuiteFailed(f"--tx {one}: {silent}")) for one in places}


def _check(place: str) -> None:
    group = execnet.Group()
    try:
        try:
            gateway = group.makegateway(re.sub(r"^\d+\*", "", place))
        except execnet.HostNotFound:
            raise SuiteFailed(f"--tx {place}: no such host, or no access") from None
        except OSError as error:
            raise SuiteFailed(f"--tx {place}: {cause_of(error)}") from None
        except EOFError:
            raise SuiteFailed(f"--tx {place}: no Python answers there") from None
        except (ValueError, OverflowError, AttributeError, TypeError):
            raise WrongUsage(
                f"--tx {place!r}: write socket=HOST:PORT or ssh=HOST, in execnet's syntax"
            ) from None
        try:
            channel = gateway.remote_exec(_ASK)
            # pytest-xdist gives a local worker the module path of the controlling process.
            channel.send((list(sys.path) if gateway.spec.popen else [], SUITE))
            missing, version = channel.receive(PLACE_TIMEOUT)
        except (execnet.RemoteError, execnet.TimeoutError) as error:
            raise SuiteFailed(f"--tx {place}: {str(error).splitlines()[-1]}") from None
        except (EOFError, OSError):
            # execnet reports "cannot send": over ssh, the started process has already ended.
            raise SuiteFailed(f"--tx {place}: no Python answers there") from None
    finally:
        group.terminate(timeout=2.0)
    if missing:
        raise SuiteFailed(f"--tx {place}: the suite is not installed there ({missing})")
    if version != __version__:
        raise SuiteFailed(f"--tx {place}: the suite there is {version}, and here {__version__}")
