"""Command lines collected from public sources (wild.txt): the real programs, and pync instead.

Each line runs in a shell with the real nc, netcat, ncat and telnet, and in one where pync
replaces them. Output, messages, exit status, the data on the wire and the data received by the
client of a listener must be equal, except for the rows of the table in docs/differences.md.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from ..peer import DEADLINE
from ..programs import PEERS, is_bound, is_listening_path, needs, until
from .fakes import CLIENTS, DATAGRAMS, PATHS, STREAMS, started, unused

ROOT = Path(__file__).parents[2]

#: The command names of each program.
NAMES = {"nc": "nc", "netcat": "nc", "ncat": "ncat", "telnet": "telnet"}

PLACE = re.compile(r"\{(\w+)\}")
TIMES = re.compile(r"(\b(?:timeout|sleep) |\s-[a-z]*[wqi] ?)(\d+(?:\.\d+)?)\b")
UNUSED = ("closed", "closedudp", "nopath", "free", "freeudp", "freepath")


class Line(NamedTuple):
    """One line of the corpus, the client if it listens, and the expected difference."""

    text: str
    client: str
    difference: str

    def __str__(self) -> str:
        return self.text


class Outcome(NamedTuple):
    """The visible results of one run of a line."""

    status: int
    shown: bytes
    said: bytes
    wire: dict[str, list[bytes]]
    client: bytes


def lines() -> list[Line]:
    """The corpus."""
    found = []
    for row in (Path(__file__).parent / "wild.txt").read_text().splitlines():
        if row and not row.startswith("#"):
            text, _, difference = row.partition(" ## ")
            client, _, rest = text.partition(" ")
            if client.startswith("@"):
                found.append(Line(rest, client[1:], difference))
            else:
                found.append(Line(text, "", difference))
    return found


LINES = lines()


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder of commands that start pync, and one of the real programs."""
    ours, theirs = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("theirs")
    for name, program in NAMES.items():
        script = ours / name
        script.write_text(f'#!/bin/sh\nPYNC_AS={name} exec {sys.executable} -m pync "$@"\n')
        script.chmod(0o755)
        real = shutil.which(PEERS[program][0])
        if real is not None:
            (theirs / name).symlink_to(real)
    return ours, theirs


class TooLate(Exception):
    """The line ended before its client connected: its time limits are too short here."""


def run(line: Line, commands: Path, folder: Path, factor: int) -> Outcome:
    """Run a line, with its times multiplied, and this folder first in PATH."""
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        places: dict[str, str] = {}
        fakes = {}
        for name in dict.fromkeys(PLACE.findall(line.text)):
            if name in UNUSED:
                places[name] = stack.enter_context(unused(name, folder))
            elif name in STREAMS or name in PATHS or name in DATAGRAMS:
                fakes[name], places[name] = started(name, folder)
                stack.callback(fakes[name].close)
        text = PLACE.sub(lambda found: places.get(found[1], found[0]), slower(line.text, factor))
        process = subprocess.Popen(
            ["bash", "-c", text],
            cwd=folder,
            env=os.environ | {"PATH": f"{commands}:{os.environ['PATH']}", "LC_ALL": "C"},
            stdin=subprocess.PIPE if line.client else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        stack.callback(end, process)
        received = b""
        if line.client:
            place = next(place for name, place in places.items() if name.startswith("free"))
            until(
                lambda: listens(place, "udp" in line.text) or _ended(process), f"{text} to listen"
            )
            try:
                received = CLIENTS[line.client](place)
            except (ConnectionRefusedError, FileNotFoundError) as error:
                raise TooLate(text) from error
        shown, said = process.communicate(timeout=DEADLINE)
    wire = {name: fake.received() for name, fake in fakes.items()}
    if "2>&1" in line.text:
        shown = plain(shown, places)
    return Outcome(process.returncode, shown, plain(said, places), wire, received)


def slower(text: str, factor: int) -> str:
    """The line with each of its times multiplied."""
    return TIMES.sub(lambda found: f"{found[1]}{float(found[2]) * factor:g}", text)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a line that hangs, with all processes that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def listens(place: str, datagrams: bool) -> bool:
    """Whether a line listens on this port or path."""
    if not place.isdigit():
        return is_listening_path(Path(place))
    return is_bound(int(place), "udp" if datagrams else "tcp")


def plain(said: bytes, places: dict[str, str]) -> bytes:
    """Return messages without the parts that differ from run to run."""
    for name, place in places.items():
        said = said.replace(place.encode(), b"{%s}" % name.encode())
    return re.sub(rb"\b\d{5}\b", b"PORT", said)


# The differences: each function derives pync's expected outcome from the real program's.


def _honest(theirs: Outcome, ours: Outcome) -> Outcome:
    return theirs._replace(status=ours.status, wire=ours.wire)


def _filtered(theirs: Outcome, ours: Outcome) -> Outcome:
    said = theirs.said.replace(b"succeeded!", b"open|filtered")
    return theirs._replace(said=said, wire=ours.wire)


def _probed(theirs: Outcome, _ours: Outcome) -> Outcome:
    wire = {name: [one for one in got if one != b"X"] for name, got in theirs.wire.items()}
    return theirs._replace(said=theirs.said.replace(b"succeeded!", b"open|filtered"), wire=wire)


def _connect(theirs: Outcome, _ours: Outcome) -> Outcome:
    def request(one: bytes) -> bytes:
        found = re.match(rb"CONNECT (\S+) HTTP/1.0\r\n", one)
        assert found is not None
        rest = one[found.end() :]
        return b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n" % (found[1], found[1]) + rest

    wire = {name: [request(one) for one in got] for name, got in theirs.wire.items()}
    return theirs._replace(wire=wire)


def _open(theirs: Outcome, ours: Outcome) -> Outcome:
    return theirs._replace(wire=ours.wire)


def _piped(theirs: Outcome, ours: Outcome) -> Outcome:
    assert ours.shown.startswith(theirs.shown)
    return theirs._replace(shown=ours.shown, wire=ours.wire)


def _lost(theirs: Outcome, ours: Outcome) -> Outcome:
    assert ours.shown.startswith(theirs.shown)
    assert ours.client.startswith(theirs.client)
    return theirs._replace(shown=ours.shown, client=ours.client)


def _idle(theirs: Outcome, _ours: Outcome) -> Outcome:
    said = re.sub(rb"Ncat: Idle timeout expired \(\d+ ms\).\n", b"", theirs.said)
    return theirs._replace(said=said)


def _exposed(theirs: Outcome, ours: Outcome) -> Outcome:
    told = re.findall(
        rb"(?m)^Ncat: every machine that reaches .* can run the command.\n", ours.said
    )
    return theirs._replace(said=b"".join(told) + theirs.said)


#: Name in wild.txt -> (text of its row in the table, the expected outcome of pync).
DIFFERENCES: dict[str, tuple[str, Callable[[Outcome, Outcome], Outcome]]] = {
    "udp honest": ("| nc | `-z -u` without `-v` |", _honest),
    "open|filtered": ("| nc | `-z -u -v`, a port that says nothing |", _filtered),
    "probes": ("| nc | `-u -v` as a client |", _probed),
    "open": ("| nc | `-u -v` as a client |", _open),
    "piped": ("| telnet | the end of a piped input |", _piped),
    "idle": ("| ncat | `-i`, a peer that ends after our input has |", _idle),
    "exposed": ("| ncat | `-l` with `--exec` on every address, without `--allow` |", _exposed),
    "lost": ("| nc | data that waits when the peer resets, or ends after us |", _lost),
    "connect": ("| nc, ncat | the CONNECT of a proxy's client |", _connect),
}


@pytest.mark.parametrize("line", LINES, ids=str)
def test_same_command_line_has_the_same_outcome(
    line: Line, programs: tuple[Path, Path], tmp_path: Path
) -> None:
    for name in dict.fromkeys(re.findall(r"\b(?:nc|netcat|ncat|telnet)\b", line.text)):
        needs(NAMES[name])
    try:
        compare(line, programs, tmp_path / "once", 1)
    except (AssertionError, TooLate):
        if not TIMES.search(line.text):
            raise
        # A second may be too short for a start on a loaded machine. A real difference
        # between the programs also shows with longer times.
        compare(line, programs, tmp_path / "slower", 5)


def compare(line: Line, programs: tuple[Path, Path], folder: Path, factor: int) -> None:
    """Run a line with both programs at once, and compare the results."""
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(run, line, programs[1], folder / "theirs", factor)
        ours = run(line, programs[0], folder / "ours", factor)
        theirs = running.result()
    expected = theirs
    if line.difference:
        expected = DIFFERENCES[line.difference][1](theirs, ours)
    assert ours == expected


def test_differences_are_rows_of_the_table() -> None:
    table = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
    assert [row for row, _ in DIFFERENCES.values() if row not in table] == []
    assert {line.difference for line in LINES if line.difference} == set(DIFFERENCES)


def test_corpus_is_large_and_has_each_line_once() -> None:
    assert len(LINES) >= 200
    assert len(set(LINES)) == len(LINES)
