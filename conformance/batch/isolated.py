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
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..core.interruption import held
from ..core.invocation import ALONE, SUITE
from ..core.verdict import Exit
from ..plan import Options
from ..reports.results import Results
from ..targets.cgroups import Group, start_in_group, usable_places
from ..targets.isolation import Box, start_in, unboxed
from ..targets.orphans import adopting, children_of
from ..targets.reaper import marking
from .boxes import BUBBLEWRAP, ENFORCED, NONE, WATCHED, in_own_network, strongest
from .guises import Guise, guise_of, put_on
from .leftovers import scratch_folder
from .limits import MARK, Family, Limits, bound, end
from .link import Reading, become_private, send_rows, socket_for_stdout, take_stdout
from .watch import Watch

Outcome = dict[str, Any]

#: bubblewrap's own processes in a box.
OF_A_BOX = 2


class Asked(NamedTuple):
    """What is asked of a judge: the target, its limits, and how it is kept apart."""

    options: Options
    limits: Limits
    way: str = NONE
    box: Box | None = None


def judge_alone(asked: Asked) -> Outcome:
    """Judge a target, and say what came of it.

    Returns a dictionary of plain values, for it travels: ``exit``, ``rows`` (what the judge said
    of its results, empty when it came to none), ``refused`` (lines that it did not write),
    ``killed`` (the signal that ended the judge, or ""), ``said`` (the end of what it printed),
    ``stopped`` (why it was, or parts of it were), ``isolation``, ``limits`` (``enforced`` by the
    kernel, or ``watched``) and ``seconds``.
    """
    began = time.monotonic()
    mark, key = secrets.token_hex(16), secrets.token_hex(32)
    way = strongest(asked.way)
    is_boxed = way == BUBBLEWRAP and asked.box is not None
    reaped = marking()
    others = frozenset(children_of(os.getpid()))
    judges: list[int] = []
    with (
        held() as let_interruptions_come,
        scratch_folder() as it,
        adopting(lambda: judges[0] if judges else None),
        _grouped(asked) as group,
    ):
        environment = {**os.environ, **reaped, MARK: mark, "TMPDIR": it}
        argv = [sys.executable, "-m", SUITE, ALONE]
        guise = guise_of(asked.box, way, it)
        ours, theirs = socket_for_stdout()
        process = subprocess.Popen(
            in_own_network(argv) if is_boxed else argv,
            stdin=subprocess.PIPE,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        judges.append(process.pid)
        if ours is not None:
            theirs.close()
        assert process.stdin is not None
        assert process.stderr is not None
        said = ours or process.stdout
        assert said is not None
        reading = Reading(said, process.stderr, key)

        def family() -> Family:
            # Under bubblewrap our child is its monitor, and the judge the monitor's child.
            judges = {process.pid, *(children_of(process.pid) if is_boxed else ())}
            return Family(frozenset(judges), mark, os.getpid(), others)

        folders = [it, *([asked.box.own] if asked.box and asked.box.own else [])]
        try:
            # It stays open: when we are killed it ends, and the run with it.
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(
                    json.dumps(_request(asked, key, is_boxed, group, guise)).encode() + b"\n"
                )
                process.stdin.flush()
            # A server in no box may leave its group, where it has the right to.
            watch = Watch(asked.limits, family, folders, group, is_sure=is_boxed)
            stopped = watch.until_its_end(process, let_interruptions_come)
            ended_by = "" if process.poll() is None else _signal_of(process)
        finally:
            _kill(process)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            if group is not None:
                group.kill()
            end(family())
            reading.end()
        return {
            "exit": _exit_of(process),
            "rows": reading.rows,
            "refused": reading.refused,
            "killed": ended_by,
            "said": reading.printed,
            "stopped": stopped,
            "isolation": way,
            "limits": WATCHED if group is None else ENFORCED,
            "seconds": round(time.monotonic() - began, 3),
        }


@contextlib.contextmanager
def _grouped(asked: Asked) -> Iterator[Group | None]:
    """A control group for what the target starts; None where there can be none."""
    places, _ = usable_places()
    group = None
    if places:
        limits = asked.limits
        with contextlib.suppress(OSError):
            group = Group(places, limits.memory << 20, limits.processes + OF_A_BOX)
    try:
        yield group
    finally:
        if group is not None:
            group.remove()


def _request(
    asked: Asked, key: str, is_boxed: bool, group: Group | None, guise: Guise
) -> dict[str, Any]:
    return {
        "options": asked.options._asdict(),
        "limits": list(asked.limits),
        "box": asked.box if is_boxed else None,
        "key": key,
        "group": () if group is None else group.files,
        "guise": guise,
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _exit_of(process: subprocess.Popen[bytes]) -> int:
    """Return the run's own status; one that was killed has none."""
    status = process.returncode
    return status if status in {int(one) for one in Exit} else int(Exit.UNREACHABLE)


def _signal_of(process: subprocess.Popen[bytes]) -> str:
    """Return the signal that ended the judge, without our doing; "" when none has."""
    # bubblewrap's monitor gives a signal as a shell does.
    status = unboxed(process.returncode) or 0
    if status >= 0:
        return ""
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def options_from(fields: dict[str, Any]) -> Options:
    """Options that have travelled as JSON, where a tuple is a list."""
    return Options(**{name: _tuples(value) for name, value in fields.items()})


def box_from(fields: Sequence[Any] | None) -> Box | None:
    """Return a box that has travelled as JSON."""
    return None if fields is None else Box(*map(_tuples, fields))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def judge_what_is_asked() -> Exit:
    """Return the process itself: judge what stdin asks for; returns the exit status."""
    become_private()
    link = take_stdout()
    from ..runner import run

    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_who_asked, daemon=True).start()

    def deliver(results: Results) -> None:
        send_rows(link, request["key"], [results.header, *results.results, results.footer])

    bound(Limits(*request["limits"]))
    guise = Guise(*request["guise"])
    options, box = put_on(guise, options_from(request["options"]), box_from(request["box"]))
    if box is not None:
        start_in(box)
    start_in_group(request["group"])
    return run(options, None, 1, deliver=deliver)


def _end_with_who_asked() -> None:
    """Nobody waits for the results any more: leave; the reaper ends what we have started."""
    # Not by sys.stdin: its lock, held by a thread at the interpreter's end, would abort us.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
