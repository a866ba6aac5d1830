"""^C, SIGTERM, SIGHUP, stop and continue: the correct exit, and nothing left behind."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from pync.engine.loop import CROWD

from ..peer import Server, connected
from ..programs import Program
from .conftest import Start, heard_port

#: Signal -> the status that the parent sees (subprocess: -n is a death by signal n).
ENDS = {
    number: -number for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
}


@pytest.mark.parametrize("number", ENDS)
def test_connected_client(pync: Start, server: Server, number: signal.Signals) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"x")
    assert program.read(1) == b"x"
    program.process.send_signal(number)
    assert program.ends(ENDS[number]) == b""
    peer.hears_end()


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("option", ["-lv", "-lkv"])
def test_listener_that_waits(pync: Start, number: signal.Signals, option: str) -> None:
    program = pync(option, "127.0.0.1", "0")
    port = heard_port(program)
    program.process.send_signal(number)
    said = program.ends(ENDS[number])
    assert said == f"Listening on 127.0.0.1 {port}\n".encode()


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("option", ["-luv", "-lukv"])
def test_datagram_listener_that_waits(pync: Start, number: signal.Signals, option: str) -> None:
    program = pync(option, "127.0.0.1", "0")
    heard_port(program)
    program.process.send_signal(number)
    assert program.ends(ENDS[number]).count(b"\n") == 1


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("option", ["-lvU", "-lkvU", "-luvU"])
def test_path_of_a_listener_is_removed(
    pync: Start, folder: Path, number: signal.Signals, option: str
) -> None:
    path = folder / "socket"
    program = pync(option, path)
    program.hears(rb"(Listening|Bound) on ")
    assert path.is_socket()
    program.process.send_signal(number)
    program.ends(ENDS[number])
    assert not path.exists()


#: Sends itself a signal while it changes from poll to epoll, when neither watches all descriptors.
_IN_MID_CHANGE = """
import os
from pync.waiting import readiness
from pync.__main__ import run

class Crowd(readiness._Crowd):
    registered = 0

    def register(self, descriptor, events):
        if self.registered == 30:
            os.kill(os.getpid(), {number})
        self.registered += 1
        super().register(descriptor, events)

readiness._Crowd = Crowd
run()
"""


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("how", ["--proxy-type=socks", "--broker"])
def test_while_the_loop_changes_what_it_watches(
    stack: ExitStack, number: signal.Signals, how: str
) -> None:
    code = _IN_MID_CHANGE.format(number=int(number))
    words = ["-lv", how, "127.0.0.1", "0"]
    program = stack.enter_context(Program(sys.executable, "-c", code, *words))
    port = heard_port(program)
    with suppress(ConnectionError):
        # At most this many: pync ends with the connection that makes it switch to epoll.
        for _ in range(CROWD):
            stack.enter_context(connected(port))
    assert b"Traceback" not in program.ends(ENDS[number])


#: Sends itself SIGINT when a module is imported.
_AT_AN_IMPORT = """
import os, signal, sys
from pync.__main__ import run

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
run()
"""


@pytest.mark.parametrize("module", ["pync.cli", "pync.dialects.pync", "pync.programs.server"])
def test_interrupt_while_starting_up(stack: ExitStack, module: str) -> None:
    code = _AT_AN_IMPORT.format(module=module)
    program = stack.enter_context(Program(sys.executable, "-c", code, "-l", "127.0.0.1", "0"))
    assert program.ends(-signal.SIGINT) == b""


def test_interrupt_after_the_end(stack: ExitStack) -> None:
    code = "import atexit, os, signal\nfrom pync.__main__ import run\n"
    code += "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\nrun()"
    program = stack.enter_context(Program(sys.executable, "-c", code, "--version"))
    assert program.ends(-signal.SIGINT) == b""


def test_library_does_not_end_its_caller(stack: ExitStack) -> None:
    """main() returns the status as a shell reports it, and restores the handlers."""
    code = "import signal, pync\nbefore = signal.getsignal(signal.SIGINT)\n"
    code += "print(pync.main(), signal.getsignal(signal.SIGINT) is before)"
    program = stack.enter_context(Program(sys.executable, "-c", code, "-lv", "127.0.0.1", "0"))
    heard_port(program)
    program.process.send_signal(signal.SIGINT)
    assert program.rest() == b"130 True\n"
    program.ends(0)


@pytest.mark.parametrize("number", ENDS)
def test_during_a_large_transfer(
    pync: Start, server: Server, tmp_path: Path, number: signal.Signals
) -> None:
    """In the fast paths too: only the requested end, no other message."""
    endless = tmp_path / "endless"
    with endless.open("wb") as file:
        file.truncate(1 << 30)
    with endless.open("rb") as source:
        program = pync("127.0.0.1", server.port, stdin=source)
    peer = server.accepts()
    peer.hears(bytes(1_000_000))
    program.process.send_signal(number)
    assert len(peer.hears_rest()) < 1 << 30
    assert program.ends(ENDS[number]) == b""


def test_interrupt_between_two_lines_of_an_interval(pync: Start, server: Server) -> None:
    program = pync("-i", "1h", "127.0.0.1", server.port)
    peer = server.accepts()
    program.write(b"one\ntwo\n")
    peer.hears(b"one\n")
    program.process.send_signal(signal.SIGINT)
    assert program.ends(-signal.SIGINT) == b""


def test_interrupt_between_two_ports_of_a_scan(pync: Start, server: Server) -> None:
    program = pync("-zv", "-i", "1h", "127.0.0.1", f"{server.port},{server.port}")
    program.hears(rb"succeeded!\n")
    program.process.send_signal(signal.SIGINT)
    assert program.ends(-signal.SIGINT).count(b"\n") == 1


def test_hangup_under_nohup_is_ignored(shell: Start, server: Server) -> None:
    program = shell(f"trap '' HUP; pync 127.0.0.1 {server.port} & echo $! >&2; wait $!; echo $?")
    peer = server.accepts()
    pid = int(program.hears(rb"(\d+)\n").group(1))
    os.kill(pid, signal.SIGHUP)
    peer.says(b"still there")
    assert program.read(11) == b"still there"
    peer.closes()
    assert program.rest() == b"0\n"


def test_background_job_ignores_interrupts(shell: Start, server: Server) -> None:
    """A shell without job control starts ``&`` jobs with SIGINT ignored; pync keeps it ignored."""
    program = shell(f"pync 127.0.0.1 {server.port} & echo $! >&2; wait $!; echo $?")
    peer = server.accepts()
    pid = int(program.hears(rb"(\d+)\n").group(1))
    os.kill(pid, signal.SIGINT)
    peer.says(b"still there")
    assert program.read(11) == b"still there"
    peer.closes()
    assert program.rest() == b"0\n"


def test_stop_and_continue(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"before")
    assert program.read(6) == b"before"
    program.process.send_signal(signal.SIGSTOP)
    _, status = os.waitpid(program.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    peer.says(b"while it is stopped")
    program.process.send_signal(signal.SIGCONT)
    assert program.read(19) == b"while it is stopped"
    program.write(b"after")
    peer.hears(b"after")
    program.end_input()
    peer.closes()
    program.ends(0)


@pytest.mark.parametrize("number", ENDS)
def test_several_signals(pync: Start, folder: Path, number: signal.Signals) -> None:
    """A closing terminal sends SIGHUP twice. The path is removed even after a second signal."""
    path = folder / "socket"
    program = pync("-lvU", path)
    program.hears(rb"Listening on ")
    for impatient in (number, signal.SIGHUP, signal.SIGTERM, number):
        program.process.send_signal(impatient)
    assert program.ends(None).count(b"\n") == 1
    assert not path.exists()


def test_port_of_a_killed_listener_is_free(pync: Start) -> None:
    """SO_REUSEADDR: the next listener binds at once, even with connections in TIME_WAIT."""
    first = pync("-lv", "127.0.0.1", "0")
    port = heard_port(first)
    with connected(port) as peer:
        peer.says(b"x")
        assert first.read(1) == b"x"
        first.process.kill()
        first.ends(-signal.SIGKILL)
        second = pync("-lv", "127.0.0.1", port)
        assert heard_port(second) == port
