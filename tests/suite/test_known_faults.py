"""Small servers, each with one fault of beginners' servers: the right requirement detects it.

They are written as a beginner writes them, with libraries that hide the fault. They do not
share code with the suite's mutants.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from conformance.targets.address import TCP, Address
from conformance.targets.ports import becomes_bindable

from .judging import PYTHON, Judged, judge, needs_node


def judged(script: str, folder: Path, *arguments: str, name: str = "server.py") -> Judged:
    """Return the verdict on a script, which gets its port as its last argument."""
    (folder / name).write_text(script, encoding="utf-8")
    program = PYTHON if name.endswith(".py") else "node"
    return judge(folder / "report", f"{program} {folder / name} {{port}}", *arguments)


#: A selector loop with an unlimited queue for each client.
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
def test_echo_that_loses_its_queue_at_fin(at_fin: str, tmp_path: Path) -> None:
    found = judged(
        QUEUES.format(at_fin=at_fin),
        tmp_path,
        *("--case=echo/half-close-pending", "--case=echo/half-close", "--case=echo/large"),
        "--transport=tcp",
    )
    assert found.ids("FAIL") == {"echo/half-close-pending"}
    assert found.ids("PASS") == {"echo/half-close", "echo/large"}


@needs_node
def test_node_echo_that_destroys_its_socket_at_fin(tmp_path: Path) -> None:
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


#: One thread for each client; SIGPIPE ends the process, as in C programs.
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


def test_echo_that_dies_of_sigpipe_is_always_detected(tmp_path: Path) -> None:
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = judged(THREADS, folder, "--case=echo/reset-while-writing", "--transport=tcp")
        assert found.ids("FAIL") == {"echo/reset-while-writing"}
        assert "SIGPIPE" in found.message("echo/reset-while-writing")


#: Keeps reading in small pieces, whether the client reads the echo or not.
SLOW = """
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)

def write(sock, queue, arrived):
    try:
        while True:
            with arrived:
                while not queue:
                    arrived.wait()
                data = bytes(queue)
                queue.clear()
            sock.sendall(data)
    except OSError:
        pass

def serve(sock):
    queue, arrived = bytearray(), threading.Condition()
    threading.Thread(target=write, args=(sock, queue, arrived), daemon=True).start()
    try:
        while data := sock.recv(524288):
            with arrived:
                queue.extend(data)
                arrived.notify()
            if len(queue) > 65536:
                threading.Event().wait(0.6)
    except OSError:
        pass

while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def test_echo_with_an_unbounded_queue(tmp_path: Path) -> None:
    found = judged(SLOW, tmp_path, "--case=echo/backpressure", "--transport=tcp", "--deadline=5")
    assert found.ids("WARN") == {"echo/backpressure"}
    assert "unbounded" in str(found.results[0]["signature"])


#: Serves each client in a thread; HANDLE is replaced by its code.
SERVED = """
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)

def serve(sock):
    HANDLE

while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


STAYS = "while sock.recv(4096): pass\n    threading.Event().wait(60)"


#: Serves the probe and one more client; then it takes long to end, as on a loaded machine.
ENDS_SLOWLY = """
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
for _ in range(2):
    with listener.accept()[0] as sock:
        while data := sock.recv(4096):
            sock.sendall(data)
threading.Event().wait(2)
"""


def test_echo_that_ends_slowly_after_a_client(tmp_path: Path) -> None:
    found = judged(ENDS_SLOWLY, tmp_path, "--case=echo/next-client", "--transport=tcp")
    assert found.ids("FAIL") == {"echo/next-client"}
    assert "died" in str(found.results[0]["signature"])


@pytest.mark.parametrize(
    ("profile", "handle", "words", "broken"),
    [
        (
            "discard",
            STAYS,
            "ends-fin",
            "no-fin",
        ),
        (
            "half-open",
            STAYS,
            "reply",
            "missing-bytes",
        ),
        ("greet", "sock.recv(1) and sock.sendall(b'Hello')", "greeting", "missing-bytes"),
    ],
)
def test_server_that_does_not_send_the_expected_eof_is_judged(
    profile: str, handle: str, words: str, broken: str, tmp_path: Path
) -> None:
    script = SERVED.replace("HANDLE", handle)
    case = (f"--profile={profile}", f"--case={profile}/{words}", "--transport=tcp", "--deadline=4")
    found = judged(script, tmp_path, *case)
    assert found.status == 1, found.stderr
    assert [one["signature"] for one in found.results] == [broken]


def test_datagram_server_that_answers_from_another_port_is_judged(tmp_path: Path) -> None:
    script = """
import socket, sys
ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ours.bind(("127.0.0.1", int(sys.argv[1])))
other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    data, sender = ours.recvfrom(65536)
    other.sendto(data, sender)
"""
    cases = [f"--case=udp-echo/{words}" for words in ("from-the-server", "simple", "sizes")]
    found = judged(script, tmp_path, "--profile=udp-echo", *cases, "--transport=udp")
    assert found.ids("FAIL") == {"udp-echo/from-the-server"}
    assert found.ids("PASS") == {"udp-echo/simple", "udp-echo/sizes"}


FORKS = """
import os, socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen(128)
while True:
    sock, _ = listener.accept()
    if os.fork() == 0:
        listener.close()
        try:
            while data := sock.recv(4096):
                sock.sendall(data)
        except ConnectionError:
            pass
        os._exit(0)
    sock.close()
"""

POLLS = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
listener.setblocking(False)
clients = []
while True:
    try:
        sock, _ = listener.accept()
        sock.setblocking(False)
        clients.append(sock)
    except BlockingIOError:
        pass
    for sock in list(clients):
        try:
            data = sock.recv(4096)
            if data:
                sock.sendall(data)
            else:
                raise ConnectionError
        except BlockingIOError:
            pass
        except ConnectionError:
            clients.remove(sock)
            sock.close()
"""

ECHO = "while data := sock.recv(4096):\n        sock.sendall(data)\n    sock.close()"
FIRST = "threading.Thread(target=threading.Event().wait, daemon=True).start()\n    "
KEEPS = "globals().setdefault('kept', []).append(b'x' * 1024 * 512)\n    "
HASTY = "sock.settimeout(0.25)\n    "
BINDS = """listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen(128)"""
CREATES = 'listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)'


@pytest.mark.parametrize(
    ("script", "broken", "signature"),
    [
        (FORKS, "leak-process", "process-leak"),
        (SERVED.replace("HANDLE", FIRST + ECHO), "leak-process", "process-leak"),
        (SERVED.replace("HANDLE", KEEPS + ECHO), "leak-process", "memory-leak"),
        (POLLS, "idle", "busy"),
        (SERVED.replace("HANDLE", HASTY + ECHO), "quiet", "ended-quiet"),
        (SERVED.replace("HANDLE", ECHO).replace(CREATES, BINDS), "restart", "address-in-use"),
        (SERVED.replace("HANDLE", ECHO), "", ""),
    ],
    ids=["zombies", "threads", "memory", "busy-loop", "hasty", "no-reuseaddr", "right"],
)
def test_resources_and_restart_of_an_echo_server(
    script: str, broken: str, signature: str, tmp_path: Path
) -> None:
    words = ["restart", "idle", "quiet", "simple"]
    if broken != "quiet":  # with fifty clients at once, some may wait longer than the deadline
        words += ["leak-process", "leak-fin"]
    found = judged(script, tmp_path, *(f"--case=echo/{one}" for one in words), "--transport=tcp")
    seen = {
        str(one["id"]): str(one["signature"])
        for one in found.results
        if one["verdict"] in ("FAIL", "WARN")
    }
    assert seen == ({f"echo/{broken}": signature} if broken else {})


def test_waiting_for_a_port_is_reported_once(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address(TCP, "127.0.0.1", listener.getsockname()[1])
        with socket.create_connection(listener.getsockname()) as client:
            listener.accept()[0].close()
            assert client.recv(1) == b""
    for _ in range(2):
        assert not becomes_bindable(address, until=0.0)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"waiting until {address} is free" in said
