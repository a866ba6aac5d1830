"""Lua scripts run by ncat and by pync as ncat: cases of ncat's tests, and common scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..peer import Peer, connected, listening
from ..programs import PYNC, Program, is_bound, needs, until
from .sessions import plain

OURS = (*PYNC, "--as=ncat")

#: A menu that writes a prompt before it reads.
MENU = """
io.write("choose: ")
io.flush()
local choice = io.read()
while choice and choice ~= "0" do
  print("you wrote", choice)
  io.write("choose: ")
  io.flush()
  choice = io.read()
end
print("bye")
"""

UPPER = """
while true do
  local data = io.stdin:read(1)
  if data == nil then break end
  io.write(data:upper())
  io.flush()
end
"""

ENVIRONMENT = """
for _, name in ipairs { "REMOTE_ADDR", "LOCAL_ADDR", "PROTO" } do
  print(name, os.getenv("NCAT_" .. name))
end
print(os.getenv("NCAT_REMOTE_PORT") ~= os.getenv("NCAT_LOCAL_PORT"))
"""

HTTP = """
local request = io.read()
repeat local line = io.read() until line == "\\r" or line == nil
local path = request:match("^GET (%S+) HTTP/1")
io.write("HTTP/1.0 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\n", path, "\\n")
os.exit(0)
"""


def chooses(peer: Peer) -> bytes:
    peer.hears(b"choose: ")
    peer.says(b"1\n")
    peer.hears(b"you wrote\t1\nchoose: ")
    peer.says(b"0\n")
    return peer.hears_rest()


def shouts(peer: Peer) -> bytes:
    peer.says(b"abc\n")
    peer.hears(b"ABC\n")
    peer.says(b"def")
    peer.hears(b"DEF")
    peer.closes()
    return b""


def requests(peer: Peer) -> bytes:
    peer.says(b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
    return peer.hears_rest()


SESSIONS = {
    "menu": (MENU, chooses),
    "upper": (UPPER, shouts),
    "environment": (ENVIRONMENT, Peer.hears_rest),
    "http": (HTTP, requests),
}


@pytest.mark.parametrize("name", SESSIONS)
@pytest.mark.parametrize("options", ["-l", "-lk"])
def test_script_of_a_listener(name: str, options: str, tmp_path: Path, port: int) -> None:
    text, play = SESSIONS[name]
    script = tmp_path / "script.lua"
    script.write_text(text)
    heard: list[list[bytes]] = []
    for command in (OURS, (needs("ncat"),)):
        words = [options, "--lua-exec", str(script), "127.0.0.1", str(port)]
        with Program(*command, *words) as program:
            until(lambda: is_bound(port), "the listener", program)
            heard.append([])
            for _ in range(2 if "k" in options else 1):
                with connected(port) as peer:
                    heard[-1].append(play(peer))
            if "k" not in options:
                assert program.ends(0) == b""
    assert heard[0] == heard[1]


def test_script_of_a_client(tmp_path: Path) -> None:
    script = tmp_path / "script.lua"
    script.write_text(MENU)
    for command in (OURS, (needs("ncat"),)):
        with listening() as server:
            where = ["127.0.0.1", str(server.port)]
            with Program(*command, "--lua-exec", str(script), *where) as program:
                assert chooses(server.accepts()) == b"bye\n"
                program.ends(0)


def test_output_is_sent_at_once(tmp_path: Path, port: int) -> None:
    """ncat buffers output until the script flushes it, so both sides would wait."""
    script = tmp_path / "script.lua"
    script.write_text(MENU.replace("io.flush()", ""))
    words = ["--lua-exec", str(script), "-l", "127.0.0.1", str(port)]
    with Program(*OURS, *words) as program:
        until(lambda: is_bound(port), "the listener", program)
        with connected(port) as peer:
            assert chooses(peer) == b"bye\n"
        program.ends(0)


@pytest.mark.parametrize("text", ["print(", "local a = = 1", None])
def test_script_that_cannot_be_loaded_is_reported_at_once(text: str | None, tmp_path: Path) -> None:
    script = tmp_path / "script.lua"
    if text is not None:
        script.write_text(text)
    said = []
    for command in (OURS, (needs("ncat"),)):
        with Program(*command, "--lua-exec", str(script), "-l", "127.0.0.1", "0") as program:
            said.append(program.ends(2))
    assert said[0] == said[1]


def test_failing_script_is_reported(tmp_path: Path, port: int) -> None:
    script = tmp_path / "script.lua"
    script.write_text("io.write('before')\nerror('no')\n")
    said = []
    for command in (OURS, (needs("ncat"),)):
        words = ["--lua-exec", str(script), "-l", "127.0.0.1", str(port)]
        with Program(*command, *words) as program:
            until(lambda: is_bound(port), "the listener", program)
            with connected(port) as peer:
                assert peer.hears_rest() == b"before"
            # ncat does not pass on the exit status of a command, so it is not compared.
            said.append(plain(program.ends(None)))
    # Lua 5.4 and 5.3 name the main chunk's frame in the same way.
    assert said[0] == said[1]
    assert re.match(rb"Ncat: Error running the Lua script: .*script.lua:2: no\n", said[0])
