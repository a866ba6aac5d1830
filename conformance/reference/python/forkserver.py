"""Start servers without starting an interpreter: one process has loaded all, and forks them.

    python server.py --fork-server

Its stdin is a Unix socket that preserves message boundaries (SOCK_SEQPACKET). A request is the
command line of a server, its variables and its folder, as JSON, with two descriptors: one for its
stdin, the other for its stdout and stderr. The answer is the server's pid; its pid and exit status
follow when it has ended. When the socket ends, the fork server ends too.

A forked server is as new as a started one: only the imports have run before it, and it keeps no
descriptor. Starting Python and importing take 20 ms of processor time, a fork takes two.
"""

import gc
import io
import json
import os
import selectors
import signal
import socket
import sys
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing would slow down the start
    from collections.abc import Callable

#: The most bytes of a request.
REQUEST = 1024 * 1024


def fork_servers(serve: "Callable[[list[str]], int]") -> int:
    """Fork a process for each command line until the socket ends; return 0.

    Arguments:
        serve: runs a command line in the forked process, and returns the exit status.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # All servers share the objects made so far; exclude them from garbage collection.
    gc.freeze()
    waking, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    link = socket.socket(fileno=0)
    with waking, wake, selectors.DefaultSelector() as selector:
        selector.register(link, selectors.EVENT_READ)
        selector.register(waking, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is waking:
                    waking.recv(64)
                    _report_ends(link)
                    continue
                request, descriptors, _, _ = socket.recv_fds(link, REQUEST, 2)
                if not request:
                    return 0
                if b'"tls://' in request:
                    _prepare_tls(request)
                pid = os.fork()
                if not pid:
                    signal.set_wakeup_fd(-1)
                    for own in (selector, waking, wake):
                        own.close()
                    link.detach()  # its descriptor is that of stdin
                    _live(serve, request, descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)
                link.send(b"%d" % pid)


def _prepare_tls(request: bytes) -> None:
    """Import ssl and read the certificate here, once, and not in each server."""
    from .secure import context_for

    _, environment, _ = json.loads(request)
    try:
        context_for(environment["TLS_CERT"], environment["TLS_KEY"])
    except (KeyError, OSError):
        pass  # the server will report it


def _report_ends(link: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        try:
            link.send(b"%d %d" % (pid, os.waitstatus_to_exitcode(status)))
        except BrokenPipeError:
            return  # the socket has ended


def _live(serve: "Callable[[list[str]], int]", request: bytes, descriptors: "list[int]") -> None:
    """Run the server, and end like the interpreter: with a status, or with a traceback and 1."""
    status = 1
    try:
        status = serve(_become(descriptors, *json.loads(request)))
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except:
        traceback.print_exc()
        raise
    finally:
        os._exit(status)


def _become(
    descriptors: "list[int]", words: "list[str]", environment: "dict[str, str]", directory: str
) -> "list[str]":
    """Set up this process as a newly executed one, and return its command line."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    given, taken = descriptors
    for number, descriptor in enumerate((given, taken, taken)):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    sys.stdout, sys.stderr = _unbuffered(1), _unbuffered(2)
    os.environ.update(environment)
    os.chdir(directory)
    sys.argv[1:] = words
    return words


def _unbuffered(number: int) -> io.TextIOWrapper:
    """Return a standard stream like one made with PYTHONUNBUFFERED."""
    stream = io.FileIO(number, "w", closefd=False)
    return io.TextIOWrapper(stream, "utf-8", "backslashreplace", write_through=True)
