"""One target of a class, judged alone: in a process and a folder of its own, within limits.

The process is a whole run of the suite with one worker, the judge; it says what came of it over
a link that no target can write to (link.py), and writes no report. A target that hangs, breeds or
eats memory ends there, and takes nothing else along.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

from ..core.interruption import held
from ..core.invocation import SUITE
from ..core.verdict import Exit
from ..plan import Options
from ..reports.results import Results
from .limits import MARK, Limits, bound, end, excess, members
from .link import Reading, become_private, send_rows, socket_for_stdout, take_stdout

#: The word by which the process is told what it is; no person types it.
ALONE = "alone"

#: Seconds between two looks at what a target uses.
LOOK_INTERVAL = 0.2

#: Times that a target's processes are stopped for using too much before its run is.
MOST_STOPS = 5

Outcome = dict[str, Any]


def judge_alone(options: Options, limits: Limits) -> Outcome:
    """Judge a target, and say what came of it.

    Returns a dictionary of plain values, for it travels: ``exit``, ``rows`` (what the judge said
    of its results, empty when it came to none), ``refused`` (lines that it did not write),
    ``killed`` (the signal that ended the judge, or ""), ``said`` (the end of what it printed),
    ``stopped`` (why it was, or parts of it were) and ``seconds``.
    """
    mark, key, began = secrets.token_hex(16), secrets.token_hex(32), time.monotonic()
    with (
        held() as let_interruptions_come,
        tempfile.TemporaryDirectory(prefix="conformance-class-", ignore_cleanup_errors=True) as it,
    ):
        environment = {**os.environ, MARK: mark, "TMPDIR": it}
        ours, theirs = socket_for_stdout()
        process = subprocess.Popen(
            [sys.executable, "-m", SUITE, ALONE],
            stdin=subprocess.PIPE,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        if ours is not None:
            theirs.close()
        assert process.stdin is not None
        assert process.stderr is not None
        said = ours or process.stdout
        assert said is not None
        reading = Reading(said, process.stderr, key)
        try:
            bound(process.pid, limits)
            # It stays open: when we are killed it ends, and the run with it.
            with contextlib.suppress(BrokenPipeError):
                request = {"options": options._asdict(), "key": key}
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
            stopped = _watch(process, mark, limits, let_interruptions_come)
            ended_by = "" if process.poll() is None else _signal_of(process)
        finally:
            _kill(process)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            end(process.pid, mark)
            reading.end()
        return {
            "exit": _exit_of(process),
            "rows": reading.rows,
            "refused": reading.refused,
            "killed": ended_by,
            "said": reading.printed,
            "stopped": stopped,
            "seconds": round(time.monotonic() - began, 3),
        }


def _watch(
    process: subprocess.Popen[bytes], mark: str, limits: Limits, look: Callable[[], None]
) -> list[str]:
    """Wait for the end of the run, or for that of our patience; what had to be stopped.

    ``look`` is called now and then.
    """
    stopped: list[str] = []
    until = time.monotonic() + limits.time
    while True:
        look()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.01, min(LOOK_INTERVAL, until - time.monotonic())))
            return stopped
        if time.monotonic() >= until:
            return [*stopped, f"the run took more than {limits.time:g} s"]
        over = excess(members(process.pid, mark), limits)
        if over:
            # The scenario of the moment sees its server die; the others are judged yet.
            end(process.pid, mark)
            stopped.append(over)
            if len(stopped) == MOST_STOPS:
                return [*stopped, f"that was {MOST_STOPS} times"]


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _exit_of(process: subprocess.Popen[bytes]) -> int:
    """The run's own status; one that was killed has none."""
    status = process.returncode
    return status if status in {int(one) for one in Exit} else int(Exit.UNREACHABLE)


def _signal_of(process: subprocess.Popen[bytes]) -> str:
    """The signal that ended the judge, without our doing; "" when none has."""
    if process.returncode >= 0:
        return ""
    try:
        return signal.Signals(-process.returncode).name
    except ValueError:
        return f"signal {-process.returncode}"


def options_from(fields: dict[str, Any]) -> Options:
    """Options that have travelled as JSON, where a tuple is a list."""
    return Options(**{name: _tuples(value) for name, value in fields.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def judge_what_is_asked() -> Exit:
    """The process itself: judge what stdin asks for; returns the exit status."""
    become_private()
    link = take_stdout()
    from ..runner import run

    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_who_asked, daemon=True).start()

    def deliver(results: Results) -> None:
        send_rows(link, request["key"], [results.header, *results.results, results.footer])

    return run(options_from(request["options"]), None, 1, deliver=deliver)


def _end_with_who_asked() -> None:
    """Nobody waits for the results any more: leave; the reaper ends what we have started."""
    # Not by sys.stdin: its lock, held by a thread at the interpreter's end, would abort us.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
