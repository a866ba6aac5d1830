"""Judge one target of a class in isolation: in its own process and folder, within limits.

The process, the judge, is a complete run of the suite with one worker. It sends its results over
a link that no target can write to (link.py), and writes no report. A target that hangs, starts
too many processes or uses too much memory is ended, without harm to anything else.
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
from ..core.system import start_process
from ..core.verdict import Exit
from ..plan import Options
from ..reports.results import Results
from ..targets.cgroups import Group, start_in_group, usable_places
from ..targets.helpers.reaper import remove_containers
from ..targets.isolation import Box, start_in, unboxed
from ..targets.orphans import adopting, children_of
from ..targets.owner import owner
from ..targets.reaper import marking, watched
from .boxes import (
    BOXED,
    BUBBLEWRAP,
    ENFORCED,
    NONE,
    PODMAN,
    WATCHED,
    has_own_network,
    in_own_network,
    strongest,
    usable_podman,
)
from .guises import Guise, guise_of, put_on
from .leftovers import scratch_folder
from .limits import MARK, Family, Limits, bound, end
from .link import Reading, become_private, send_rows, socket_for_stdout, take_stdout
from .watch import Watch

Outcome = dict[str, Any]

#: The number of bubblewrap's own processes in a box.
OF_A_BOX = 2


class Asked(NamedTuple):
    """The task of a judge: the target, its limits, and how it is isolated."""

    options: Options
    limits: Limits
    way: str = NONE
    box: Box | None = None


def judge_alone(asked: Asked) -> Outcome:
    """Judge a target, and return the outcome.

    The outcome is a dictionary of plain values, because it is sent to another process: ``exit``,
    ``rows`` (the judge's results, empty if there are none or if it was stopped), ``refused`` (the
    number of lines that the judge did not write), ``killed`` (the signal that ended the judge, or
    ""), ``said`` (the end of its output), ``stopped`` (why the run or its processes were stopped),
    ``isolation``, ``limits`` (``enforced`` by the kernel, or ``watched``) and ``seconds``.
    """
    began = time.monotonic()
    mark, key = secrets.token_hex(16), secrets.token_hex(32)
    way = strongest(asked.way)
    is_boxed = way in BOXED and asked.box is not None
    is_bubble, is_contained = is_boxed and way == BUBBLEWRAP, is_boxed and way == PODMAN
    if is_contained and asked.box is not None:
        asked = asked._replace(box=asked.box._replace(runtime=usable_podman()[0]))
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
        words = in_own_network(argv) if is_bubble else argv
        process = start_process(
            lambda: subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=theirs,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            ),
            words[0],
        )
        judges.append(process.pid)
        whose = owner(process.pid)
        if is_contained:
            # The judge's own reaper has our mark too, and ends with us.
            watched("*", whose)
        if ours is not None:
            theirs.close()
        assert process.stdin is not None
        assert process.stderr is not None
        said = ours or process.stdout
        assert said is not None
        reading = Reading(said, process.stderr, key)

        def family() -> Family:
            # With bubblewrap, the child is its monitor, and the judge is the monitor's child.
            judges = {process.pid, *(children_of(process.pid) if is_bubble else ())}
            return Family(frozenset(judges), mark, os.getpid(), others)

        folders = [it, *([asked.box.own] if asked.box and asked.box.own else [])]
        try:
            # stdin stays open: if this process is killed, it is closed, which ends the run.
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(
                    json.dumps(_request(asked, key, way, group, guise)).encode() + b"\n"
                )
                process.stdin.flush()
            # A server without a box may leave its group, if it has the right to.
            watch = Watch(asked.limits, family, folders, group, is_sure=is_boxed)
            stopped = watch.until_its_end(process, let_interruptions_come)
            was_stopped = process.poll() is None
            ended_by = "" if was_stopped else _signal_of(process)
        finally:
            _kill(process)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            if group is not None:
                group.kill()
            end(family())
            if is_contained:
                remove_containers(whose)
            reading.end()
        return {
            "exit": int(Exit.UNREACHABLE) if was_stopped else _exit_of(process),
            # It may have been stopped after it had sent its results, but before it ended.
            "rows": [] if was_stopped else reading.rows,
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
    """Make a control group for the target's processes; yield None if that is not possible."""
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


def _request(asked: Asked, key: str, way: str, group: Group | None, guise: Guise) -> dict[str, Any]:
    return {
        "options": asked.options._asdict(),
        "limits": list(asked.limits),
        "box": asked.box if way in BOXED else None,
        "key": key,
        "group": () if group is None else group.files,
        "guise": guise,
        "leaves": way == PODMAN and asked.box is not None and has_own_network(),
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _exit_of(process: subprocess.Popen[bytes]) -> int:
    """Return the run's own exit status, or UNREACHABLE if the run has none (it was killed)."""
    status = process.returncode
    return status if status in {int(one) for one in Exit} else int(Exit.UNREACHABLE)


def _signal_of(process: subprocess.Popen[bytes]) -> str:
    """Return the signal that ended the judge; "" if there was none."""
    # bubblewrap's monitor reports a signal like a shell.
    status = unboxed(process.returncode) or 0
    if status >= 0:
        return ""
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def options_from(fields: dict[str, Any]) -> Options:
    """Return the options from JSON, in which a tuple is a list."""
    return Options(**{name: _tuples(value) for name, value in fields.items()})


def box_from(fields: Sequence[Any] | None) -> Box | None:
    """Return a box from JSON."""
    return None if fields is None else Box(*map(_tuples, fields))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def judge_what_is_asked() -> Exit:
    """Run as the judge: judge the target that stdin asks for, and return the exit status."""
    become_private()
    link = take_stdout()
    from ..runner import run

    request = json.loads(sys.stdin.buffer.readline())
    if request["leaves"]:
        from ..targets.own_network import enter_own_network

        enter_own_network()
    leave_with_who_asked()

    def deliver(results: Results) -> None:
        send_rows(link, request["key"], [results.header, *results.results, results.footer])

    bound(Limits(*request["limits"]))
    guise = Guise(*request["guise"])
    options, box = put_on(guise, options_from(request["options"]), box_from(request["box"]))
    if box is not None:
        start_in(box)
    start_in_group(request["group"])
    return run(options, None, 1, deliver=deliver)


def leave_with_who_asked() -> None:
    """From now on, end this process when stdin ends.

    Then no process waits for the results any more.
    """
    # pytest replaces descriptor 0 with /dev/null. A read that a signal has interrupted would
    # continue there and return EOF.
    asker = os.dup(0)
    threading.Thread(target=_end_with, args=(asker,), daemon=True).start()


def _end_with(asker: int) -> None:
    """End this process when the input ends; the reaper ends what it has started."""
    # sys.stdin is not used: a thread that holds its lock at exit would make Python abort.
    while os.read(asker, 4096):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
