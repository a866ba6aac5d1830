"""Starts ``python -m pync`` and ``python -m conformance`` without the start of an interpreter.

For each of the two a process (server.py) has imported what every start imports, and forks. What
it forks is a child of the process that asked, not its own (clone(2), CLONE_PARENT): it is waited
for, signalled and found as one that was started, and ``Popen`` is subprocess' own.

tests/house/test_forking.py compares both ways. A command line that cannot be forked faithfully,
or whose start is what is tested, is started.
"""

from __future__ import annotations

import inspect
import json
import os
import platform
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .server import CLONE, REQUEST

ROOT = Path(__file__).parents[2]
SERVER = Path(__file__).with_name("server.py")

#: What can be forked.
MODULES = ("pync", "conformance")

#: Only here; elsewhere everything is started.
WORKS = sys.platform == "linux" and platform.machine() in CLONE

#: What may be said of a start that is forked; every other option of Popen means a plain start.
_OPTIONS = frozenset(
    (
        *("bufsize", "stdin", "stdout", "stderr", "cwd", "env", "pass_fds"),
        *("start_new_session", "text", "encoding", "errors", "universal_newlines"),
    )
)

#: Variables that the interpreter, or a library as it is loaded, reads before the program runs.
EARLY = ("PYTHON", "LC_", "LANG", "LD_", "OPENSSL_", "MALLOC_", "GLIBC_")

#: The lines of /proc/self/status that a child inherits.
_INHERITED = ("Umask", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "CapEff", "NoNewPrivs", "Cpus_")


class Popen(subprocess.Popen[Any]):
    """As subprocess.Popen, and forked if that makes no difference.

    Arguments:
        argv: the command.
        options: those of subprocess.Popen.
    """

    def __init__(self, argv: Sequence[str | os.PathLike[str]], **options: Any) -> None:
        self._words = [os.fsdecode(word) for word in argv]
        self._server = _server_for(self._words, options)
        self.forked = self._server is not None
        super().__init__(argv, **options)

    def _execute_child(self, *values: Any) -> None:
        if self._server is None:
            super()._execute_child(*values)  # type: ignore[misc]
            return
        given = dict(zip(_PARAMETERS, values))
        pipes = [given[name] for name in _PIPES]
        # Without a pipe or a file the child has the stream of this process.
        streams = [
            number if end == -1 else end
            for number, end in enumerate((pipes[0], pipes[3], pipes[5]))
        ]
        try:
            self.pid = self._server.fork(
                self._words,
                dict(os.environ if given["env"] is None else given["env"]),
                os.path.abspath(given["cwd"] or os.getcwd()),
                given["start_new_session"],
                [*streams, *sorted(given["pass_fds"])],
            )
            self._child_created = True
        finally:
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


def run(argv: Sequence[str | os.PathLike[str]], **options: Any) -> subprocess.CompletedProcess[Any]:
    """As subprocess.run."""
    timeout, check = options.pop("timeout", None), options.pop("check", False)
    given = options.pop("input", None)
    if given is not None:
        options["stdin"] = subprocess.PIPE
    if options.pop("capture_output", False):
        options.update(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with Popen(argv, **options) as process:
        try:
            stdout, stderr = process.communicate(given, timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
    if check:
        done.check_returncode()
    return done


_PARAMETERS = [*inspect.signature(subprocess.Popen._execute_child).parameters][1:]  # type: ignore[attr-defined]
_PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")


class _Server:
    """The process that forks one module."""

    def __init__(self, module: str, folder: Path) -> None:
        self.folder = folder.resolve()
        self._lock = threading.Lock()
        self._link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, SERVER, module],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=folder,
                # What is forked puts its own in the path.
                env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            )
        self.early, self.circumstances = _early(os.environ), _circumstances()

    def fork(
        self,
        words: list[str],
        environment: dict[str, str],
        folder: str,
        session: bool,
        descriptors: list[int],
    ) -> int:
        """The pid of a process with this command line."""
        numbers = [0, 1, 2, *descriptors[3:]]
        request = json.dumps([words, environment, folder, session, numbers]).encode("ascii")
        assert len(request) < REQUEST, "the command line and its environment are too long"
        with self._lock:
            socket.send_fds(self._link, [request], descriptors)
            answer = self._link.recv(64)
        assert answer, "the process that forks the programs under test has died"
        return int(answer)

    def close(self) -> None:
        """End it; what it has forked goes on."""
        self._link.close()
        self.process.wait()


_servers: dict[str, _Server] = {}
_plain = False


@contextmanager
def started() -> Iterator[None]:
    """Meanwhile everything is started."""
    global _plain
    _plain = True
    try:
        yield
    finally:
        _plain = False


@contextmanager
def forked(module: str, folder: Path = ROOT) -> Iterator[None]:
    """From now on, ``python -m module`` is forked; after this, it is started.

    Arguments:
        folder: where the module is.
    """
    if not WORKS or module in _servers:
        yield
        return
    _servers[module] = _Server(module, folder)
    try:
        yield
    finally:
        _servers.pop(module).close()


def _server_for(words: list[str], options: dict[str, Any]) -> _Server | None:
    """What forks this command line, if that is as good as to start it."""
    if _plain or words[:2] != [sys.executable, "-m"] or words[2:3] in ([], ["-"]):
        return None
    server = _servers.get(words[2])
    environment = options.get("env")
    environment = os.environ if environment is None else environment
    if (
        server is None
        or set(options) - _OPTIONS
        or _early(environment) != server.early
        or _circumstances() != server.circumstances
    ):
        return None
    folders = [options.get("cwd") or ".", *environment.get("PYTHONPATH", "").split(os.pathsep)]
    for folder in map(Path, folders):
        if folder.resolve() != server.folder and any(folder.glob(f"{words[2]}*")):
            return None
    return server


def _early(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(EARLY) and name != "PYTHONPATH"
    }


def _circumstances() -> list[str]:
    """What a child inherits from this process, besides what Popen is told."""
    lines = Path("/proc/thread-self/status").read_text().splitlines()
    inherited = [line for line in lines if line.startswith(_INHERITED)]
    spaces = [os.readlink(f"/proc/self/ns/{name}") for name in ("net", "mnt", "pid")]
    return [*inherited, *spaces, Path("/proc/self/limits").read_text()]
