"""Servers without the start of an interpreter: one process has loaded all, and forks them.

    python server.py --fork-server

Its stdin is a socket of the Unix domain that keeps messages apart (SOCK_SEQPACKET). A request
is the command line of a server, variables for it and its folder, as JSON, with two descriptors:
its stdin, and its stdout, which is its stderr too. The answer is its pid; its pid and exit status
follow when it has ended. When the socket ends, so does the fork server.

A server that is forked is as fresh as one that is started: nothing has run before it but the
imports, and it keeps no descriptor. Starting Python and importing take 20 ms of processor time,
a fork takes two.
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
if TYPE_CHECKING:  # typing itself would cost start-up time
    from collections.abc import Callable

#: Bytes of a request.
REQUEST = 1024 * 1024


def fork_servers(serve: "Callable[[list[str]], int]") -> int:
    """Fork a process for each command line until nobody asks any more; returns 0.

    Arguments:
        serve: what the process does with its command line; returns its exit status.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What exists now is the same in all of them: no collection has to look at it.
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
                    from . import secure  # noqa: F401 - once, and not in each that is forked
                pid = os.fork()
                if not pid:
                    signal.set_wakeup_fd(-1)
                    for own in (selector, waking, wake):
                        own.close()
                    link.detach()  # its number is stdin's
                    _live(serve, request, descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)
                link.send(b"%d" % pid)


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
            return  # nobody asks any more


def _live(serve: "Callable[[list[str]], int]", request: bytes, descriptors: "list[int]") -> None:
    """Be the server, and end as the interpreter would: by a status, or a traceback and 1."""
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
    """What exec would have done; returns the command line."""
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
    """A standard stream as PYTHONUNBUFFERED makes it."""
    stream = io.FileIO(number, "w", closefd=False)
    return io.TextIOWrapper(stream, "utf-8", "backslashreplace", write_through=True)
