"""pync.telnet compared with telnetlib (Python up to 3.12): the same host, the same calls."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from pync import telnet

from ..peer import DEADLINE, listening

if sys.version_info >= (3, 13):
    pytest.skip("telnetlib ended with Python 3.12", allow_module_level=True)

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    telnetlib: ModuleType = importlib.import_module("telnetlib")

#: A step is data from the host, None for its FIN, or a call (the method and its arguments).
Step = bytes | None | tuple[Any, ...]

LONG = b"line\r\n" * 5000

SESSIONS: dict[str, list[Step]] = {
    "a login": [
        b"\xff\xfd\x18\xff\xfd\x20login: ",
        ("read_until", b"login: "),
        ("write", b"joe\n"),
        b"Password: ",
        ("read_until", b"word: ", 5),
        ("write", b"secret\r\n"),
        b"\r\nWelcome\r\n$ ",
        ("expect", [rb"% ", rb"\$ "], 5),
        None,
        ("read_all",),
    ],
    "CR, NUL and XON": [b"a\r\nb\r\0c\nd\0\0e\x11f\x13", None, ("read_all",)],
    "0xFF": [b"a\xff\xffb\xff\xff\xff\xff", ("write", b"x\xffy\xff\xff"), None, ("read_all",)],
    "commands": [b"a\xff\xf1b\xff\xf9c\xff\xefd", None, ("read_all",)],
    "refusals": [b"\xff\xfd\x01\xff\xfd\x99x\xff\xfb\x03\xff\xfb\xc8y", None, ("read_all",)],
    "DO TIMING-MARK": [b"\xff\xfd\x06x", None, ("read_all",)],
    "subnegotiations": [
        b"a\xff\xfa\xff\xf0b",
        ("read_until", b"b"),
        ("read_sb_data",),
        b"\xff\xfa\x18\x01\xff\xf0c",
        ("read_until", b"c"),
        ("read_sb_data",),
        ("read_sb_data",),
        b"\xff\xfa\xff\xff\xff\xff\xff\xf0\xff\xfa\xff\xffaa\xff\xf0d",
        ("read_until", b"d"),
        ("read_sb_data",),
    ],
    "read_until without it": [
        b"almost",
        ("read_until", b"never", 0.05),
        b"never",
        None,
        ("read_until", b"never"),
        ("read_until", b"never"),
    ],
    "read_until at the end": [b"almost", None, ("read_until", b"never"), ("read_until", b"never")],
    "read_until what is left": [b"one two", ("read_until", b"one"), ("read_until", b"two")],
    "read_until of nothing": [b"one", ("read_until", b""), None, ("read_all",)],
    "read_until with no time": [b"", ("read_until", b"x", 0), ("expect", [b"x"], 0)],
    "expect without it": [b"almost", ("expect", [b"never"], 0.05), ("read_very_eager",)],
    "expect at the end": [b"almost", None, ("expect", [b"never"]), ("expect", [b"never"])],
    "expect takes the first of the list": [
        b"one two",
        ("expect", [b"two", b"one"]),
        ("read_lazy",),
    ],
    "expect finds groups": [b"port 23\r\n", ("expect", [rb"port (?P<number>\d+)\r"])],
    "read_some": [b"some", ("read_some",), None, ("read_some",), ("read_some",)],
    "eager": [("read_eager",), b"some", ("read_eager",), None, ("read_eager",), ("read_eager",)],
    "very eager": [("read_very_eager",), LONG, ("read_until", LONG), None, ("read_very_eager",)],
    "lazy": [
        b"some",
        ("read_lazy",),
        ("read_very_lazy",),
        ("fill_rawq",),
        ("read_very_lazy",),
        ("read_lazy",),
        None,
        ("read_lazy",),
        ("fill_rawq",),
        ("read_lazy",),
    ],
    "the queue": [b"abc", ("rawq_getchar",), ("process_rawq",), ("read_very_lazy",)],
    "the end in a command": [b"abc\xff", None, ("read_all",), ("read_eager",)],
    "the end in a subnegotiation": [b"abc\xff\xfa\x18", None, ("read_all",), ("read_eager",)],
    "after close": [
        b"xy",
        ("read_until", b"y"),
        ("close",),
        ("read_very_lazy",),
        ("get_socket",),
        ("close",),
    ],
    "debugging": [
        ("set_debuglevel", 1),
        ("write", b"a\xffb"),
        b"x\xff\xfd\x01\xff\xfb\x02\xff\xf1",
        ("read_until", b"x"),
        ("msg", "a %d%%", 5),
        ("msg", "5%"),
    ],
}


def played(module: ModuleType, session: list[Step], callback: bool) -> tuple[list[object], bytes]:
    """Return the results of the calls, and the data that the host received."""
    results: list[object] = []
    with listening() as server, module.Telnet("127.0.0.1", server.port, DEADLINE) as tn:
        peer = server.accepts()
        if callback:
            tn.set_option_negotiation_callback(
                lambda sock, command, option: results.append(
                    (sock is tn.sock, command, option, command == b"\xf0" and tn.read_sb_data())
                )
            )
        for step in session:
            if step is None:
                peer.half_closes()
            elif isinstance(step, bytes):
                peer.says(step)
            else:
                results.append(result(getattr(tn, step[0]), *step[1:]))
        tn.close()
        return results, peer.hears_rest()


def result(call: Callable[..., Any], *arguments: Any) -> object:
    """Return the result of a call in a form that can be compared."""
    try:
        found = call(*arguments)
    except (EOFError, OSError) as error:
        return type(error)
    if isinstance(found, tuple):
        number, match, text = found
        return number, match and (match.group(), match.groupdict()), text
    return found


@pytest.mark.parametrize("callback", [False, True], ids=["", "with a callback"])
@pytest.mark.parametrize("session", SESSIONS)
def test_same_calls_have_the_same_results(
    session: str, callback: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = played(telnetlib, SESSIONS[session], callback), debugged(capsys)
    assert (played(telnet, SESSIONS[session], callback), debugged(capsys)) == theirs


def debugged(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the debug output without the port and without the reads, as pync's are larger."""
    lines = capsys.readouterr().out.splitlines()
    return [line.partition("): ")[2] for line in lines if "): recv " not in line]


@pytest.mark.parametrize("cuts", [1, 2, 3])
def test_bytes_cut_anywhere_give_the_same(cuts: int) -> None:
    wire = b"a\r\n\xff\xfd\x01b\xff\xff\xff\xfa\x18\x01\xff\xff\xff\xf0c\r\0\xff\xf1d\xff\xfb\x03e"
    pieces: list[Step] = [wire[at : at + cuts] for at in range(0, len(wire), cuts)]
    session = [*pieces, ("read_until", b"e"), ("read_sb_data",)]
    assert played(telnet, session, False) == played(telnetlib, session, False)


def test_every_name_exists() -> None:
    # test() is python -m telnetlib.
    names = {
        name
        for name, value in vars(telnetlib).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "test"
    }
    assert names - set(telnet.__all__) == set()
    for name in names - {"Telnet"}:
        assert getattr(telnet, name) == getattr(telnetlib, name), name


def test_every_method_takes_the_same_arguments() -> None:
    theirs = inspect.getmembers(telnetlib.Telnet, inspect.isfunction)
    assert len(theirs) >= 28
    for name, method in theirs:
        parameters = list(inspect.signature(method).parameters)
        ours = list(inspect.signature(getattr(telnet.Telnet, name)).parameters)
        if name != "__exit__":
            assert ours[: len(parameters)] == parameters, name


#: Python's own tests of telnetlib, run with pync.telnet in its place. Two things are
#: changed: a stub replaces the socket after the connection, not before, and waiting asks
#: the stub (their tests replace a selector inside telnetlib).
PYTHONS_OWN = """
    import sys, unittest
    import pync.telnet
    sys.modules["telnetlib"] = pync.telnet
    pync.telnet._TelnetSelector = None
    from test import test_telnetlib as tests

    def connected(reads=(), cls=tests.TelnetAlike):
        telnet = cls()
        telnet.host, telnet.port, telnet._messages = "dummy", 0, ""
        telnet.sock = tests.SocketStub(reads)
        return telnet

    tests.test_telnet = connected
    tests.TelnetAlike._wait = lambda telnet, deadline: not telnet.sock.block
    # It wants a stub before the connection; what it looks at is msg.
    del tests.OptionTests.test_debug_accepts_str_port
    unittest.main(tests)
"""


def test_python_s_own_tests_of_telnetlib_pass() -> None:
    pytest.importorskip("test.test_telnetlib", reason="this Python came without its tests")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(PYTHONS_OWN)],
        capture_output=True,
        text=True,
        timeout=DEADLINE * 2,
    )
    assert done.returncode == 0, done.stderr
    assert "OK" in done.stderr
    assert "skipped" not in done.stderr
