"""When nc and ncat exit, and pync in their place: same peer, input and reader for both."""

from __future__ import annotations

import re
import subprocess
from contextlib import ExitStack

import pytest

from ..peer import connected, listening, mailbox
from ..programs import PYNC, Program, is_bound, needs, stays, until


def both(name: str) -> list[list[str]]:
    """The commands of pync in the program's dialect, and of the program."""
    return [[needs(name)], [*PYNC, f"--as={name}"]]


def needs_ncat_before(version: tuple[int, int]) -> None:
    """Skip if ncat is newer: it exits when its server ends, even with unsent input."""
    said = subprocess.run([needs("ncat"), "--version"], capture_output=True, check=True).stderr
    found = re.search(rb"Version (\d+)\.(\d\d?)", said)
    assert found is not None, said
    if (int(found[1]), int(found[2])) >= version:
        pytest.skip(f"ncat is {found[0].decode()}, which drops input that is left")


def test_nc_exits_when_its_input_has_ended_and_its_reader_has_gone() -> None:
    for command in both("nc"):
        with listening() as server, Program(*command, "127.0.0.1", server.port) as program:
            peer = server.accepts()
            program.stops_reading()
            assert stays(program, 0.2)
            program.end_input()
            peer.hears_end()
            assert program.ends(0) == b""


def test_nc_keeps_sending_when_its_reader_has_gone() -> None:
    for command in both("nc"):
        with listening() as server, Program(*command, "127.0.0.1", server.port) as program:
            peer = server.accepts()
            program.stops_reading()
            peer.says(b"nobody reads this")
            assert stays(program, 0.2)
            program.write(b"typed")
            peer.hears(b"typed")
            program.end_input()
            assert program.ends(0) == b""


def test_ncat_notices_a_lost_reader_when_it_writes() -> None:
    for command in both("ncat"):
        with listening() as server, Program(*command, "127.0.0.1", server.port) as program:
            peer = server.accepts()
            program.stops_reading()
            program.end_input()
            peer.hears_end()
            assert stays(program, 0.3)
            peer.says(b"x")
            assert program.ends(2) == b"write: Broken pipe\n"


@pytest.mark.parametrize("name", ["nc", "ncat"])
def test_listener_does_not_wait_for_silent_input(name: str, port: int) -> None:
    for command in both(name):
        with Program(*command, "-l", "127.0.0.1", str(port)) as program:
            until(lambda: is_bound(port), "the listener", program)
            with connected(port) as peer:
                peer.says(b"all")
                peer.half_closes()
                assert program.rest() == b"all"
                peer.hears_end()
            assert program.ends(0) == b""


@pytest.mark.parametrize("name", ["nc", "ncat"])
def test_listener_does_not_wait_for_open_input_that_is_sent(name: str, port: int) -> None:
    for command in both(name):
        with Program(*command, "-l", "127.0.0.1", str(port)) as program:
            until(lambda: is_bound(port), "the listener", program)
            with connected(port) as peer:
                program.write(b"typed")
                peer.hears(b"typed")
                peer.half_closes()
                peer.hears_end()
            assert program.ends(0) == b""


def test_text_typed_between_two_clients_of_nc_goes_to_the_next(port: int) -> None:
    for command in both("nc"):
        with Program(*command, "-lk", "127.0.0.1", str(port)) as program:
            until(lambda: is_bound(port), "the listener", program)
            for line in (b"one\n", b"two\n", b"three\n"):
                with connected(port) as peer:
                    program.write(line)
                    peer.hears(line)
                    peer.half_closes()
                    peer.hears_end()


@pytest.mark.parametrize("options", ["", "--no-shutdown", "--send-only"])
def test_ncat_keeps_sending_after_the_server_ends(options: str) -> None:
    needs_ncat_before((7, 96))
    for command in both("ncat"):
        with ExitStack() as stack:
            server = stack.enter_context(listening())
            words = [*command, *options.split(), "127.0.0.1", server.port]
            program = stack.enter_context(Program(*words))
            peer = server.accepts()
            peer.says(b"" if options == "--send-only" else b"greeting")
            peer.half_closes()
            if options != "--send-only":
                # Its output ends before ncat exits.
                assert program.rest() == b"greeting"
            assert stays(program, 0.3)
            program.write(b"late")
            program.end_input()
            assert peer.hears_rest() == b"late"
            assert program.ends(0) == b""


@pytest.mark.parametrize("options", ["", "-w 1", "-i 5", "--send-only", "--no-shutdown"])
def test_ncat_exits_at_the_end_of_its_input_over_udp(options: str) -> None:
    for command in both("ncat"):
        words = [*command, "-u", *options.split()]
        with mailbox() as box, Program(*words, "127.0.0.1", box.port) as program:
            program.write(b"foo:1|c")
            program.end_input()
            box.hears(b"foo:1|c")
            assert program.ends(0) == b""


def test_ncat_reports_a_closed_udp_port(udp_port: int) -> None:
    for command in both("ncat"):
        with Program(*command, "-u", "127.0.0.1", str(udp_port)) as program:
            program.write(b"x")
            program.end_input()
            assert program.ends(1) == b"Ncat: Connection refused.\n"
