"""The process that forks ``python -m MODULE``: it has imported what every start imports.

    python server.py MODULE

Its stdin is a socket of the Unix domain that keeps messages apart (SOCK_SEQPACKET). A request is
a command line, its environment and folder, whether it gets a session of its own, and the numbers
under which it has the descriptors that come along. The answer is a pid. When the socket ends, so
does this process.

What is forked runs what ``python -m`` runs, at the top level of its interpreter: an exception,
an exit status and what is still to be written end it as they end a program that was started.
"""

import atexit
import ctypes
import gc
import io
import json
import os
import platform
import runpy
import signal
import socket
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

#: Bytes of a request.
REQUEST = 200_000

#: The machine -> the number of clone(2).
CLONE = {"x86_64": 56, "aarch64": 220}

#: clone(2): the child's parent is ours.
_CLONE_PARENT = 0x8000

#: Parts of pync that its command does not load, or that are another system's.
_NOT_LOADED = (
    "pync.__main__",
    "pync.aio",
    "pync.telnet",
    "pync.testing",
    "pync.transports.windows",
)


#: What the suite loads for most commands. (What pytest loads as a plugin must not be there.)
_JUDGING = (
    "conformance.cli",
    "conformance.commands.authoring",
    "conformance.commands.catalogue",
    "conformance.commands.judging",
    "conformance.commands.proving",
    "conformance.commands.results",
    "conformance.batch",
    "conformance.doctor",
    "conformance.runner.judge",
    "_strptime",
    "execnet",
    "unittest",
)


def main(module: str) -> None:
    """Fork until nobody asks any more. Returns in what was forked, which runs the module."""
    sys.path[0] = os.getcwd()
    # A signal that comes before the program is ready for it has to wait.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    _load(module)
    _keep_modules()
    # What exists now is the same in all of them: no collection has to look at it.
    gc.collect()
    gc.freeze()
    link = socket.socket(fileno=os.dup(0))
    while True:
        request, descriptors, _, _ = socket.recv_fds(link, REQUEST, 64)
        if not request:
            os._exit(0)
        begun, begins = os.pipe()
        pid = _fork()
        if not pid:
            words, environment, folder, session, numbers = json.loads(request)
            if session:
                os.setsid()
            # As with exec: the one that is told the pid finds the session made, and can end it.
            os.write(begins, b"!")
            _become(descriptors, words, environment, folder, numbers)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            link.detach()  # its number is closed, or another's
            return
        os.close(begins)
        os.read(begun, 1)
        for descriptor in (begun, *descriptors):
            os.close(descriptor)
        link.send(b"%d" % pid)


def _load(module: str) -> None:
    if module == "conformance":
        for name in _JUDGING:
            import_module(name)
        return
    if module == "pync":
        import_module("pync.core").become_command()
    for path in sorted(Path(module).rglob("*.py")):
        name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        if not name.startswith(_NOT_LOADED):
            import_module(name)


def _keep_modules() -> None:
    """Have what is loaded now left alone at the end of what is forked.

    Its end would take every one of these modules apart, and copy their pages for that: more
    work than all the rest of a short run.
    """
    kept = [name for name in sys.modules if name not in ("sys", "builtins", "__main__")]
    modules = [sys.modules[name] for name in kept]
    for one in (modules, *modules):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))

    def forget() -> None:
        for name in kept:
            sys.modules.pop(name, None)

    # What is registered first is called last: after the program's own, and its threads.
    atexit.register(forget)


def _fork() -> int:
    """os.fork(), with our parent for the child's."""
    python, libc = ctypes.pythonapi, ctypes.PyDLL(None)
    number, flags = CLONE[platform.machine()], _CLONE_PARENT | signal.SIGCHLD
    python.PyOS_BeforeFork()
    pid: int = libc.syscall(*map(ctypes.c_long, (number, flags, 0, 0, 0, 0)))
    if pid:
        python.PyOS_AfterFork_Parent()
    else:
        python.PyOS_AfterFork_Child()
    return pid


def _become(
    descriptors: "list[int]",
    words: "list[str]",
    environment: "dict[str, str]",
    folder: str,
    numbers: "list[int]",
) -> None:
    """What subprocess, exec and the start of the interpreter would have done."""
    import fcntl

    above = max(numbers, default=0) + len(descriptors) + 64
    moved = [fcntl.fcntl(one, fcntl.F_DUPFD, above) for one in descriptors]
    os.closerange(3, above)
    for descriptor, number in zip(moved, numbers):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = _stream(getattr(sys, name), mode)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    given = map(os.path.abspath, filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    sys.path[:] = [folder, *dict.fromkeys([*given, *sys.path[1:]])]
    sys.orig_argv = words
    sys.argv = words[1:2] + words[3:]


def _stream(like: Any, mode: str) -> Any:
    """A standard stream as Python's own start makes it (create_stdio in pylifecycle.c)."""
    number, unbuffered = like.fileno(), like.write_through
    size = 0 if unbuffered and mode == "w" else -1
    binary: Any = open(number, f"{mode}b", size, closefd=False)  # noqa: SIM115 - stays open
    raw = binary.raw if size else binary
    raw.name = like.name
    lines = not unbuffered and (raw.isatty() or number == 2)
    stream: Any = io.TextIOWrapper(binary, like.encoding, like.errors, "\n", lines, unbuffered)
    stream.mode = mode
    return stream


if __name__ == "__main__":
    main(sys.argv[1])
    runpy._run_module_as_main(sys.orig_argv[2])  # type: ignore[attr-defined]
