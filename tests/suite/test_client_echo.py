"""client-echo: the target is a client; correct clients pass, the one from the slides fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conformance.profiles.client_echo import TRACES
from conformance.targets.ports import reserved_port

from .judging import ROOT, conformance, judge, needs_node

#: The client from the slides, unchanged: it has no 'error' listener.
SLIDES = """
const net = require('net');
const socket = net.connect({ port: PORT });
socket.on('connect', () => {
  console.log('connected to server!');
});
socket.on('data', (data) => {
  console.log(data.toString());
});
process.stdin.pipe(socket);
process.stdin.on('data', (data) => {
  const str = data.toString();
  if (str.trim() === 'exit') {
    socket.end('good bye');
    process.exit();
  }
});
process.on('SIGINT', () => {
  console.log('Caught interrupt signal');
  if (socket) {
    socket.end('terminated');
    process.exit();
  }
});
"""

#: A correct client with blocking threads, a prompt, colours and its own messages.
THREADS = """
import os, signal, socket, sys, threading
sock = socket.create_connection((os.environ["HOST"], int(os.environ["PORT"])))

def say(text):
    os.write(1, b"\\x1b[32m" + text + b"\\x1b[0m\\r\\n> ")

def end(word, status):
    try:
        sock.sendall(word)
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    os._exit(status)

def read():
    try:
        while data := sock.recv(65536):
            say(data)
        say(b"the server has left")
        os._exit(0)
    except OSError as error:
        say(b"oh no: " + error.strerror.encode())
        os._exit(3)

signal.signal(signal.SIGINT, lambda *_: end(b"terminated\\n", 130))
say(b"connected!")
threading.Thread(target=read, daemon=True).start()
while line := sys.stdin.buffer.readline():
    line = line.rstrip(b"\\n")
    end(b"good bye\\n", 0) if line == b"exit" else sock.sendall(line + END)
"""

VARIANT = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from conformance.reference.python.client import Client, main

"""


@pytest.mark.parametrize("end", ["b'\\n'", "b'\\r\\n'", "b''"])
def test_correct_threaded_client_passes_with_any_line_ending(end: str, tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.write_text(THREADS.replace("END", end))
    judged = judge(tmp_path, f"{sys.executable} {script}", "--profile=client-echo")
    assert judged.status == 0, judged.stdout
    assert judged.ids("PASS") == {one["id"] for one in judged.results}


@needs_node
def test_client_of_the_slides_prints_a_traceback_after_a_reset(tmp_path: Path) -> None:
    (tmp_path / "client.js").write_text(SLIDES.replace("PORT", "process.env.PORT"))
    judged = judge(tmp_path, f"node {tmp_path / 'client.js'}", "--profile=client-echo")
    assert judged.status == 1
    assert judged.ids("FAIL") == {"client-echo/reset-no-trace"}
    message = judged.message("client-echo/reset-no-trace")
    assert "the person is shown a stack trace" in message
    assert "the client's last lines:" in message
    assert "without an 'error' listener" in message


@needs_node
def test_client_with_a_fixed_port(tmp_path: Path) -> None:
    with reserved_port() as port:
        (tmp_path / "client.js").write_text(SLIDES.replace("PORT", str(port)))
        judged = judge(
            *(tmp_path, f"node {tmp_path / 'client.js'}", "--profile=client-echo"),
            *(f"--at=tcp://localhost:{port}", "--case=client-echo/*"),
        )
    assert judged.ids("FAIL") == {"client-echo/reset-no-trace"}, judged.stdout


def test_words_of_the_client_are_parameters(tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    words = "leave=bye", "goodbye=so long", "interrupted=ouch"
    script.write_text(VARIANT + f"sys.exit(main([*sys.argv[1:], *{words!r}], Client))\n")
    command = f"{sys.executable} {script} {{host}} {{port}}"
    judged = judge(tmp_path, command, "--profile=client-echo", f"--set={';'.join(words)}")
    assert judged.status == 0, judged.stdout
    judged = judge(tmp_path, command, "--case=client-echo/exit", "--deadline=1")
    assert judged.status == 1, "without SET it is another service"


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("tcp://127.0.0.1:9", "client-echo judges a client: TARGET is a command"),
        ("inetd:cat", "client-echo judges a client: TARGET is a command"),
    ],
)
def test_target_that_is_not_a_client_is_rejected(target: str, line: str, tmp_path: Path) -> None:
    done = conformance("run", target, "--profile=client-echo", f"--report={tmp_path}")
    assert done.returncode == 4
    assert line in done.stderr


def test_client_does_not_connect(tmp_path: Path) -> None:
    done = conformance(
        *("run", "sh -c 'echo I prefer to stay; exit 3'", "--profile=client-echo"),
        f"--report={tmp_path}",
    )
    assert done.returncode == 6
    assert "the client ended (status 3) and did not connect" in done.stderr
    assert "| I prefer to stay" in done.stderr


def test_child_processes_of_a_client_are_stopped_with_it(tmp_path: Path) -> None:
    script, note = tmp_path / "client.py", tmp_path / "pid"
    fork = f"""
import os, signal
if not (child := os.fork()):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    while True:
        signal.pause()
open({str(note)!r}, "w").write(str(child))
sys.exit(main(sys.argv[1:], Client))
"""
    script.write_text(VARIANT + fork)
    command = f"{sys.executable} {script} {{host}} {{port}}"
    judged = judge(tmp_path, command, "--case=client-echo/connects")
    assert judged.status == 0, judged.stdout
    assert has_ended(int(note.read_text()))


def has_ended(pid: int) -> bool:
    """Whether it has ended; it may be a zombie if no process reaps orphans."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(
    "shown",
    [
        b"Traceback (most recent call last):\n  File",
        b"Error: read ECONNRESET\n    at TCP.onStreamRead (node:internal/stream_base:217:20)\n",
        b"    at file:///home/me/client.mjs:3:5\n",
        b"java.net.SocketException: reset\n\tat java.base/sun.nio.ch.Net.poll(Native Method)",
        b"   at System.Net.Sockets.Socket.Receive(Byte[] buffer)\n",
        b"panic: read tcp\n\ngoroutine 1 [running]:\n",
        b"thread 'main' panicked at src/main.rs:3:5:\n",
        b"client.rb:3:in `read': reset\n\tfrom client.rb:3:in `<main>'\n",
        b"PHP Fatal error\nStack trace:\n#0 /srv/client.php(3): fread()\n",
        b'couldn\'t read\n    while executing\n"gets $sock"\n',
    ],
)
def test_stack_traces_of_many_languages_are_recognized(shown: bytes) -> None:
    assert TRACES.search(shown)


@pytest.mark.parametrize(
    "shown",
    [
        b"client: Connection reset by peer\n",
        b"Connection reset by peer at client.pl line 12.\n",
        b"Error: read ECONNRESET\n",
        b"lost the server at 10:32:11\n   at 10:32:11 it was still there\n",
        b"true\n",
        b"#1 problem: the server (127.0.0.1:9000) has gone\n",
        b"  at tcp://127.0.0.1:9000 nobody answers any more\n",
    ],
)
def test_ordinary_report_is_not_a_stack_trace(shown: bytes) -> None:
    assert not TRACES.search(shown)
