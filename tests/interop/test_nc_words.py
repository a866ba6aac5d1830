"""Messages about command lines from nc, and from pync as nc: equal text and exit status."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from ..peer import DEADLINE
from ..programs import PYNC, needs

#: Command lines that end without reaching a peer.
WORDS = """
-q
-y
-c h 1
-e x h 1
-lvq
-zy
--version
--help

localhost
localhost 70000
localhost nosuchservice
localhost 0
localhost -1
a b c
127.0.0.1 1
-n 127.0.0.1 1
-v 127.0.0.1 1
-vn 127.0.0.1 1
-nv 127.0.0.1 1 -4
127.0.0.1 -v 1
-v -- 127.0.0.1 1
-vz 127.0.0.1 1
-z 127.0.0.1 1
-zvn 127.0.0.1 1-3
-zvn 127.0.0.1 3-1
-zvn 127.0.0.1 1 2
-zv 127.0.0.1 tcpmux
-zv 127.0.0.1 1-0
-zv 127.0.0.1 1-70000
-v4 127.0.0.1 1
-v6 ::1 1
-v localhost 1
-4 ::1 1
-6 127.0.0.1 1
-vn localhost 1
-v no-such-host.invalid 80
no-such-host.invalid 80
-n 1.2.3 1x
-l -z 1
-lk -z 1
-k localhost 1
-w x localhost 1
-w -1 localhost 1
-w 99999999999 localhost 1
-w1 -v 127.0.0.1 1
-w 1x localhost 1
-i x h 1
-i -1 h 1
-q x h 1
-q 99999999999 h 1
-W x h 1
-W 0 h 1
-M 300 h 1
-M x h 1
-M -1 h 1
-m 256 h 1
-I 0 h 1
-I x h 1
-I 99999999999 h 1
-O x h 1
-O 0 h 1
-T foo h 1
-T 256 h 1
-T ef -v 127.0.0.1 1
-T 0x10 -v 127.0.0.1 1
-T 16 -v 127.0.0.1 1
-M 3 -v 127.0.0.1 1
-m 3 -v 127.0.0.1 1
-I 4096 -O 4096 -v 127.0.0.1 1
-b -v 127.0.0.1 1
-D -v 127.0.0.1 1
-V 1 localhost 1
-X 6 h 1
-X connect -x p -u h 1
-x p -l 1
-s 192.0.2.1 127.0.0.1 1
-s 127.0.0.1 -v 127.0.0.1 1
-U
-lU
-U a b
-U /no/such/socket
-vU /no/such/socket
-uU /no/such/socket
-lU /no/such/folder/socket
-l -p 1 2 3
-l 1 2 3
-l
-l -s 127.0.0.1
-rzvn 127.0.0.1 1
-d 127.0.0.1 1
-N -v 127.0.0.1 1
-C -v 127.0.0.1 1
-4 -6 -v 127.0.0.1 1
-6 -4 -v 127.0.0.1 1
-w x -w 1 127.0.0.1 1
-w x -Y
-Y -w x
-T x -T ef 127.0.0.1 1
-T x -w x 127.0.0.1 1
-X q -X 5 127.0.0.1 1
-V 1 -w x 127.0.0.1 1
-p x -p {port} -v 127.0.0.1 1
-s 192.0.2.1 -s 127.0.0.1 -v 127.0.0.1 1
-w x -h
-F 127.0.0.1 1
-F -v 127.0.0.1 1
-F -U /no/such/socket
-F -U x -z
-Z -U x
-Z -x p h 1
-z -U /no/such/socket
-k -U x
-k -z h 1
-P joe h 1x
-p 1 -U x
-s 127.0.0.1 -U x
-s 127.0.0.1 -U
-U -p 4 a b
-lU a b
-lU a b c
-lU -p 4
-lU -p 4 a
-lUs a b
-lUs a -p 4
-uU -p 4 a
-uUs a -p 4 b
-uUs /no/such/folder/socket b
-lUs /no/such/folder/socket
-U {long}
-uU {long}
-lU {long}
-luU {long}
-zU {long}
-ln localhost 5000
-ln4 localhost 5000
-l4 :: 5000
-l6 0.0.0.0 5000
-l no-such-host.invalid 5000
-lu no-such-host.invalid 5000
-s no-such-host.invalid 127.0.0.1 1
-s ::1 127.0.0.1 1
-s 192.0.2.7 -l 0
-s 1 -l -p 2 3
-l nosuch
-lp nosuch
-ul nosuch
-p nosuch 127.0.0.1 1
-p 70000 -v 127.0.0.1 1
-p 0 -v 127.0.0.1 1
-x [::1 h 1
-x [::1]x h 1
-x p -s 127.0.0.1 h 1
-x p -U x
-x p h 70000
-X 4 -x 127.0.0.1:1 -v h 1
-X 5 -x 127.0.0.1:1 -vn h 1
-X connect -x localhost:1 -4v h 1
-x 127.0.0.1:1 -zv h 1-2
-x no-such.invalid h 1
-x p h nosuch
-x p
""".strip("\n").split("\n")


#: A path that is longer than sun_path (unix(7)).
LONG = "x" * 108

#: Its messages begin with the name by which it was started.
THEIRS = ["nc"]


def run(command: list[str], words: list[str]) -> tuple[int, bytes, bytes]:
    """Status, stdout and stderr of a program without input."""
    done = subprocess.run(
        [*command, *words],
        executable=shutil.which("nc.openbsd") if command == THEIRS else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=DEADLINE,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("words", WORDS)
def test_messages_are_equal(words: str, port: int) -> None:
    needs("nc")
    given = words.format(long=LONG, port=port).split()
    assert run([*PYNC, "--as=nc"], given) == run(THEIRS, given)


@pytest.mark.parametrize("options", ["-p {}", "-vp {}"])
def test_source_port_in_use(options: str) -> None:
    """It is reported even without -v."""
    needs("nc")
    with socket.create_server(("", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as server:
        words = [*options.format(taken.getsockname()[1]).split(), "127.0.0.1"]
        words.append(str(server.getsockname()[1]))
        assert run([*PYNC, "--as=nc"], words) == run(THEIRS, words)


@pytest.mark.parametrize("name", ["nc", "netcat"])
@pytest.mark.parametrize("words", ["-lzy", "-vn 127.0.0.1 1", "-l -z 1", "-w x h 1"])
def test_messages_begin_with_the_name_that_was_called(
    name: str, words: str, tmp_path: Path
) -> None:
    link = tmp_path / "theirs" / name
    link.parent.mkdir()
    link.symlink_to(str(shutil.which(needs("nc"))))
    ours = tmp_path / name
    ours.write_text(f'#!/bin/sh\nPYNC_AS={name} exec {" ".join(PYNC)} "$@"\n')
    ours.chmod(0o755)
    theirs = subprocess.run(
        [name, *words.split()],
        executable=link,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=DEADLINE,
    )
    assert run([str(ours)], words.split()) == (theirs.returncode, theirs.stdout, theirs.stderr)
    assert run([*PYNC, f"--as={name}"], words.split()) == run([str(ours)], words.split())


def columns_of(shown: bytes) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the usage line of a help text, and its options with the names of their values."""
    text = shown.decode()
    usage = [line for line in text.splitlines() if line.startswith(("usage", "\t  "))]
    return usage, re.findall(r"^\t\t(-\w)(?: (\S+))?(\t+)\S", text, re.MULTILINE)


def test_help_has_the_usage_and_the_columns_of_nc() -> None:
    """Shell completions parse the options from these lines."""
    needs("nc")
    status, shown, theirs = run(THEIRS, ["-h"])
    assert (status, shown) == (0, b"")
    status, shown, ours = run([*PYNC, "--as=nc"], ["-h"])
    assert (status, shown) == (0, b"")
    assert columns_of(ours) == columns_of(theirs)
