"""Small servers, each with one fault that beginners' servers have: the right clause finds it.

They are written as a beginner writes them, with the libraries that make the fault easy to
miss, and not as the suite's own broken servers are.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .judging import PYTHON, Judged, judge, needs_node


def judged(script: str, folder: Path, *arguments: str, name: str = "server.py") -> Judged:
    """The verdict on a script, which finds its port as its last argument."""
    (folder / name).write_text(script, encoding="utf-8")
    program = PYTHON if name.endswith(".py") else "node"
    return judge(folder / "report", f"{program} {folder / name} {{port}}", *arguments)


#: A selector loop with a queue for each client and no bound on it.
QUEUES = """
import selectors, socket, struct, sys
AT_FIN = {at_fin!r}
chooser = selectors.DefaultSelector()
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
chooser.register(listener, selectors.EVENT_READ)
queues = {{}}

def close(sock):
    chooser.unregister(sock)
    del queues[sock]
    sock.close()

def serve(sock, events):
    if events & selectors.EVENT_READ:
        data = sock.recv(65536)
        if data:
            queues[sock] += data
        else:
            if queues[sock] and AT_FIN == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            close(sock)
            return
    if queues[sock]:
        try:
            del queues[sock][:sock.send(queues[sock])]
        except BlockingIOError:
            pass
    both = selectors.EVENT_READ | selectors.EVENT_WRITE
    chooser.modify(sock, both if queues[sock] else selectors.EVENT_READ)

while True:
    for key, events in chooser.select():
        if key.fileobj is listener:
            sock, _ = listener.accept()
            sock.setblocking(False)
            queues[sock] = bytearray()
            chooser.register(sock, selectors.EVENT_READ)
            continue
        try:
            serve(key.fileobj, events)
        except ConnectionError:
            close(key.fileobj)
"""


@pytest.mark.parametrize("at_fin", ["close", "reset"])
def test_an_echo_that_forgets_its_queue_at_fin(at_fin: str, tmp_path: Path) -> None:
    found = judged(
        QUEUES.format(at_fin=at_fin),
        tmp_path,
        *("--case=echo/half-close-pending", "--case=echo/half-close", "--case=echo/large"),
        "--transport=tcp",
    )
    assert found.ids("FAIL") == {"echo/half-close-pending"}
    assert found.ids("PASS") == {"echo/half-close", "echo/large"}


@needs_node
def test_an_echo_in_node_that_destroys_its_socket_at_fin(tmp_path: Path) -> None:
    script = """
const serve = (socket) => {
  socket.on('data', (data) => socket.write(data));
  socket.on('end', () => setImmediate(() => socket.destroy()));
  socket.on('error', () => {});
};
require('net').createServer({ allowHalfOpen: true }, serve).listen(Number(process.argv[2]));
"""
    found = judged(
        script, tmp_path, "--case=echo/half-close-pending", "--transport=tcp", name="server.js"
    )
    assert found.ids("FAIL") == {"echo/half-close-pending"}


#: One thread for each client; SIGPIPE as C programs have it.
THREADS = """
import signal, socket, sys, threading
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)

def serve(sock):
    with sock:
        try:
            while data := sock.recv(4096):
                sock.sendall(data)
        except ConnectionError:
            pass

while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def test_an_echo_that_dies_of_sigpipe_is_found_every_time(tmp_path: Path) -> None:
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = judged(THREADS, folder, "--case=echo/reset-while-writing", "--transport=tcp")
        assert found.ids("FAIL") == {"echo/reset-while-writing"}
        assert "SIGPIPE" in found.message("echo/reset-while-writing")
