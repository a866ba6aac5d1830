"""The leak check of tests/conftest.py detects leaks, and reports only the leaking test."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = (Path(__file__).parents[1] / "conftest.py").read_text(encoding="utf-8")

#: A test module; a list keeps alive what each test leaves behind.
LEAKING = """
import os, socket, subprocess, sys, threading
kept = []

def test_socket():
    kept.append(socket.socket())

def test_file():
    kept.append(open(os.devnull))

def test_other_file_under_the_same_number(tmp_path):
    number = kept[-1].fileno()
    with open(tmp_path / "x", "w") as file:
        os.dup2(file.fileno(), number)

def test_thread():
    kept.append(threading.Event())
    threading.Thread(target=kept[-1].wait, name="waits", daemon=True).start()

def test_child():
    kept.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))

def test_zombie():
    kept.append(subprocess.Popen([sys.executable, "-c", ""]))
    os.waitid(os.P_PID, kept[-1].pid, os.WEXITED | os.WNOWAIT)

def test_clean(tmp_path):
    with open(tmp_path / "x", "w"), socket.socket():
        pass
    subprocess.run([sys.executable, "-c", ""], check=True)
    thread = threading.Thread(target=len, args=("",))
    thread.start()

def test_end():
    for one in kept:
        if isinstance(one, subprocess.Popen):
            one.communicate()
        elif isinstance(one, threading.Event):
            one.set()
        else:
            one.close()
"""

#: Test -> the expected message.
SAID = {
    "test_socket": "(socket:",
    "test_file": "(/dev/null)",
    "test_other_file_under_the_same_number": "/x",
    "test_thread": "thread waits",
    "test_child": "-c input())",
    "test_zombie": "nobody waited for it",
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")
def test_leaks_are_named(tmp_path: Path) -> None:
    quick = CONFTEST.replace("GRACE = 15.0", "GRACE = 0.2")
    assert quick != CONFTEST
    (tmp_path / "conftest.py").write_text(quick)
    (tmp_path / "test_leaking.py").write_text(LEAKING)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rE", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    said = dict(re.findall(r"^(test_\w+) left behind: (.*)$", done.stdout, re.MULTILINE))
    assert said.keys() == SAID.keys(), done.stdout
    assert {name: line for name, line in said.items() if SAID[name] not in line} == {}
