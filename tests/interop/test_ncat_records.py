"""Messages of -v and record files of ncat, compared with pync as ncat."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..peer import connected, listening, mailbox
from ..programs import PYNC, Program, is_bound, needs, until

OURS = (*PYNC, "--as=ncat")

#: Only ncat prints its version before all other messages.
BANNER = re.compile(rb"\ANcat: Version [^\n]*\n")


def plain(said: bytes) -> bytes:
    """Return messages without the parts that differ from run to run."""
    without = re.sub(rb"\b\d+\.\d\d seconds", b"N seconds", BANNER.sub(b"", said))
    return re.sub(rb":\d{4,5}\b", b":PORT", without)


def records(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def folders(tmp_path: Path) -> tuple[Path, Path]:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    return ours, theirs


#: Options; {0} is a folder.
RECORDS = [
    "-o {0}/raw",
    "--output {0}/raw",
    "-x {0}/hex",
    "-o {0}/raw -x {0}/hex",
    "-C -o {0}/raw",
    "-C -x {0}/hex",
    "-x {0}/hex --append-output",
    "-o {0}/raw --append-output",
    "--recv-only -o {0}/raw",
    "-v",
    "-v --recv-only",
    "-v -C",
    "-v -n",
]


def question(command: tuple[str, ...], words: list[str], answer: bytes) -> tuple[object, ...]:
    with listening() as server, Program(*command, *words, "127.0.0.1", server.port) as program:
        peer = server.accepts()
        if "--recv-only" not in words:
            program.write(b"question\n")
            peer.hears(b"question\r\n" if "-C" in words else b"question\n")
        peer.says(answer)
        shown = program.read(len(answer))
        peer.closes()
        program.end_input()
        said = program.ends(None)
        return shown, plain(said), program.process.returncode


@pytest.mark.parametrize("options", RECORDS)
def test_client(options: str, tmp_path: Path) -> None:
    seen = []
    for command, folder in zip((OURS, (needs("ncat"),)), folders(tmp_path), strict=True):
        for name in ("raw", "hex"):
            if f"/{name}" in options:
                (folder / name).write_bytes(b"what was there\n")
        outcome = question(command, options.format(folder).split(), bytes(range(40)))
        seen.append((outcome, records(folder)))
    assert seen[0] == seen[1]


#: Options of a listener, with one client.
LISTENERS = ["-l -v", "-l -n -v", "-l -o {0}/raw", "-l -x {0}/hex", "-l --recv-only -v", "-l -v -C"]


@pytest.mark.parametrize("options", LISTENERS)
def test_listener(options: str, tmp_path: Path, port: int) -> None:
    seen = []
    for command, folder in zip((OURS, (needs("ncat"),)), folders(tmp_path), strict=True):
        words = options.format(folder).split()
        with Program(*command, *words, "127.0.0.1", str(port)) as program:
            until(lambda: is_bound(port), "the listener", program)
            with connected(port) as peer:
                peer.says(b"question\n")
                shown = program.read(9)
                if "--recv-only" not in words:
                    program.write(b"answer\n")
                    peer.hears(b"answer\r\n" if "-C" in words else b"answer\n")
            program.end_input()
            said = program.ends(None)
            status = program.process.returncode
        seen.append((shown, plain(said), status, records(folder)))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("options", ["-v -u", "-u", "-z", "-zn", "-z -w 5"])
def test_scan(options: str) -> None:
    """Without sending data: a TCP port, and a UDP port on which somebody listens."""
    seen = []
    for command in (OURS, (needs("ncat"),)):
        if "-u" in options:
            with (
                mailbox() as box,
                Program(*command, *options.split(), "127.0.0.1", box.port) as program,
            ):
                program.write(b"ping")
                box.hears(b"ping")
                box.says(b"pong")
                shown = program.read(4)
                seen.append((shown, b"", 0))
            continue
        with listening() as server:
            with Program(*command, *options.split(), "127.0.0.1", server.port) as program:
                shown = program.rest()
                said = program.ends(None)
                seen.append((shown, plain(said), program.process.returncode))
    assert seen[0] == seen[1]
