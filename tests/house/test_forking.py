"""A forked program under test (tests/forking) starts and ends like a newly started one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ..forking import EARLY, ROOT, WORKS, Popen, forked
from ..peer import DEADLINE

pytestmark = pytest.mark.skipif(not WORKS, reason="only on Linux")

#: Code that prints everything that a program can see of its start.
PROBE = """
import gc, json, os, resource, signal, sys, threading, warnings
from pathlib import Path

def stream(one):
    raw = getattr(one.buffer, "raw", one.buffer)
    return [type(one.buffer).__name__, one.name, one.mode, one.fileno(), one.encoding, one.errors,
            one.newlines, one.line_buffering, one.write_through, one.isatty(), one.seekable(),
            raw.name, raw.closefd, raw.mode]

status = Path("/proc/self/status").read_text().splitlines()
names = ("Umask", "Uid", "Groups", "SigBlk", "SigIgn", "SigCgt", "Threads", "CapEff")
print(json.dumps({
    "argv": sys.argv, "orig_argv": sys.orig_argv, "path": sys.path, "flags": repr(sys.flags),
    "streams": [stream(one) for one in (sys.stdin, sys.stdout, sys.stderr)],
    "same": [sys.stdin is sys.__stdin__, sys.stdout is sys.__stdout__],
    "module": [__name__, __spec__.name, __file__, __package__, sys.modules["__main__"].__file__],
    "folder": os.getcwd(), "environment": dict(os.environ), "parent": os.getppid(),
    "session": [os.getsid(0) == one for one in (os.getpid(), os.getsid(os.getppid()))],
    "group": [os.getpgid(0) == one for one in (os.getpid(), os.getpgid(os.getppid()))],
    "status": [line for line in status if line.startswith(names)],
    "descriptors": sorted(
        (int(number), os.readlink(f"/proc/self/fd/{number}").partition(":")[0])
        for number in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{number}")
    ),
    "handlers": {n.name: repr(signal.getsignal(n)).partition(" at ")[0] for n in signal.Signals},
    "collector": [gc.isenabled(), gc.get_threshold()],
    "threads": [threading.current_thread() is threading.main_thread(), threading.active_count()],
    "limits": [resource.getrlimit(n) for n in range(16)],
    "warnings": repr(warnings.filters), "executable": sys.executable, "prefix": sys.prefix,
    "input": sys.stdin.read(),
}))
"""

#: Ways to end; each prints first, without a newline, so that buffered output must be written.
ENDINGS = {
    "falls off its end": "",
    "a status": "sys.exit(7)",
    "a status that is a text": "sys.exit('it went wrong')",
    "an exception": "raise OSError('no disk')",
    "an interruption": "raise KeyboardInterrupt",
    "at once": "os._exit(3)",
    "a signal": "os.kill(os.getpid(), signal.SIGTERM)",
    "a crash": "os.kill(os.getpid(), signal.SIGSEGV)",
    "what is registered": "import atexit; atexit.register(print, 'ended')",
    "after its thread": "import threading; threading.Timer(0.01, print, ['from a thread']).start()",
    "a missing module": "import nowhere_at_all",
    "a child of its own": "import subprocess; sys.exit(subprocess.call(['sh', '-c', 'exit 9']))",
}

#: Command lines of the two programs, and their exit status.
ASKED = {
    "pync": {
        "--version": 0,
        "": 2,
        "--what": 2,
        "-z 127.0.0.1 1": 1,
        "--as=nc -h": 0,
    },
    "conformance": {
        "list": 0,
        "--version": 0,
        "explain echo/simple": 0,
        "explain echo/nothing": 4,
        "run bogus:x": 6,
        "run --jobs=none": 4,
        "": 4,
    },
}

Start = Callable[..., subprocess.Popen[Any]]

PYNC = [sys.executable, "-m", "pync"]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the modules ``probe``, which prints all it sees, and ``end``, which exits."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "probe.py").write_text(PROBE)
    (folder / "end.py").write_text(
        """import os, signal, sys
print("said", end="")
exec(sys.argv[1])
"""
    )
    return folder


@pytest.fixture(scope="module", autouse=True)
def servers(scratch: Path) -> Iterator[None]:
    with forked("pync"), forked("probe", scratch), forked("end", scratch):
        yield


def both(module: str, *words: str, **options: Any) -> list[tuple[int, bytes, bytes]]:
    """Status, stdout and stderr of a command line, once started and once forked."""
    argv = [sys.executable, "-m", module, *words]
    given = {"cwd": ROOT, "stdin": subprocess.DEVNULL, **options}
    ends = []
    for kind in (subprocess.Popen, Popen):
        with kind(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **given) as process:
            assert getattr(process, "forked", True)
            try:
                stdout, stderr = process.communicate(timeout=DEADLINE)
            finally:
                process.kill()
        ends.append((process.returncode, stdout, stderr))
    return ends


@pytest.mark.parametrize("module", ASKED)
def test_forked_command_lines_give_the_same_output(module: str) -> None:
    with forked(module):
        for line, status in ASKED[module].items():
            as_started, as_forked = both(module, *line.split())
            assert as_forked == as_started
            assert as_forked[0] == status, line


@pytest.mark.parametrize(
    "how", ["as usual", "a session", "an environment", "a terminal", "a descriptor"]
)
def test_forked_program_sees_the_same_start(how: str, scratch: Path) -> None:
    # (readline sets environment variables of this process that os.environ does not show.)
    options: dict[str, Any] = {"cwd": scratch, "env": dict(os.environ)}
    with ExitStack() as stack:
        if how == "a session":
            options["start_new_session"] = True
        elif how == "an environment":
            early = {n for n in os.environ if n.startswith(EARLY)} - {"PYTHONPATH"}
            options["env"] = {"PATH": os.environ["PATH"], "ODD": "\udcff"}
            options["env"]["PYTHONPATH"] = f"{ROOT}{os.pathsep}tests{os.pathsep}{ROOT}"
            options["env"].update((n, v) for n, v in os.environ.items() if n in early)
        elif how == "a terminal":
            ends = os.openpty()
            for end in ends:
                stack.callback(os.close, end)
            options["stdin"] = ends[1]
            os.write(ends[0], b"typed\n\x04" * 2)  # once for each program
        elif how == "a descriptor":
            options["pass_fds"] = (stack.enter_context(socket.socket()).fileno(),)
        results = []
        for _, stdout, stderr in both("probe", "word", "", "two words", **options):
            assert not stderr
            results.append(json.loads(stdout))
    started, forked = results
    for fact in started:
        assert forked[fact] == started[fact], fact


@pytest.mark.parametrize("how", ENDINGS)
def test_forked_program_ends_in_the_same_way(how: str, scratch: Path) -> None:
    started, forked = both("end", ENDINGS[how], cwd=scratch)
    assert without_server(forked) == started


def without_server(ended: tuple[int, bytes, bytes]) -> tuple[int, bytes, bytes]:
    """The result without the additional frame in the traceback of a forked program."""
    status, stdout, stderr = ended
    lines, ours = [], False
    for line in stderr.splitlines(keepends=True):
        if not line.startswith(b"    "):
            ours = b"forking/server.py" in line
        if not ours:
            lines.append(line)
    return status, stdout, b"".join(lines)


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "KILL", "USR1", "ALRM"])
def test_signal_has_the_same_effect(name: str) -> None:
    ends = []
    for kind in (subprocess.Popen, Popen):
        with listener(kind) as process:
            process.send_signal(signal.Signals[f"SIG{name}"])
            assert process.stderr
            ends.append((process.wait(DEADLINE), process.stderr.read()))
    assert ends[1] == ends[0]


def test_interrupt_during_startup_is_not_lost() -> None:
    for _ in range(20):
        with Popen([*PYNC, "-l", "127.0.0.1", "0"], stderr=subprocess.DEVNULL) as process:
            process.send_signal(signal.SIGINT)
            assert process.wait(DEADLINE) == -signal.SIGINT


@pytest.mark.parametrize("line", ["pync --version", "pync --what"])
@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_pipe_without_reader_has_the_same_effect(line: str, closed: str) -> None:
    ends = []
    for kind in (subprocess.Popen, Popen):
        reader, writer = os.pipe()
        os.close(reader)
        streams: dict[str, Any] = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            closed: writer,
        }
        with kind([sys.executable, "-m", *line.split()], cwd=ROOT, **streams) as process:
            os.close(writer)
            said = process.communicate(timeout=DEADLINE)
        ends.append((process.returncode, *said))
    assert ends[1] == ends[0]


def test_forked_program_is_a_child_and_found_by_the_leak_check() -> None:
    with listener(Popen) as process:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        assert str(process.pid) in children
        process.kill()
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        assert ended.si_status == signal.SIGKILL
        assert process.wait(DEADLINE) == -signal.SIGKILL


def test_several_threads_fork_their_own_programs(scratch: Path) -> None:
    def ended(status: int) -> int:
        argv = [sys.executable, "-m", "end", f"sys.exit({status})"]
        with Popen(argv, cwd=scratch, stdout=subprocess.DEVNULL) as process:
            assert process.forked
            return process.wait(DEADLINE)

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(ended, range(40))] == [*range(40)]


@pytest.mark.parametrize(
    "how", ["environment", "limits", "signals", "another module", "another option"]
)
def test_calls_that_a_fork_cannot_represent_are_started(how: str, tmp_path: Path) -> None:
    argv = [*PYNC, "--version"]
    options: dict[str, Any] = {"stdout": subprocess.DEVNULL, "cwd": ROOT}
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        if how == "environment":
            patch.setenv("PYTHONHASHSEED", "1")
        elif how == "limits":
            import resource

            limit = resource.getrlimit(resource.RLIMIT_NOFILE)
            stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limit)
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit[0] - 1, limit[1]))
        elif how == "signals":
            stack.callback(signal.signal, signal.SIGHUP, signal.getsignal(signal.SIGHUP))
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        elif how == "another module":
            (tmp_path / "pync.py").touch()
            options["cwd"] = tmp_path
        else:
            options["preexec_fn"] = os.getpid
        with Popen(argv, **options) as process:
            assert not process.forked
            assert process.wait(DEADLINE) == 0


@contextmanager
def listener(kind: Start) -> Iterator[subprocess.Popen[bytes]]:
    """A listening pync."""
    with kind([*PYNC, "-lv", "127.0.0.1", "0"], stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr
            assert process.stderr.readline().startswith(b"Listening on 127.0.0.1 ")
            yield process
        finally:
            process.kill()


def test_session_exists_as_soon_as_the_pid_is_known() -> None:
    for _ in range(50):
        with Popen(
            [*PYNC, "--version"], cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
        ) as process:
            assert process.forked
            # As with subprocess; a process group that does not exist yet could not be killed.
            assert os.getpgid(process.pid) == process.pid
            process.wait(DEADLINE)
