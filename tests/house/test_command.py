"""Rules for the command: modules loaded at start, options, version."""

from __future__ import annotations

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pync.core.config import WORKED_OUT, Config
from pync.dialects import DIALECTS, load
from pync.dialects.argv import options_in

from ..peer import DEADLINE

ROOT = Path(__file__).parents[2]

#: Modules that make the start noticeably slower.
HEAVY = {
    "argparse",
    "asyncio",
    "ctypes",
    "dataclasses",
    "docopt",
    "inspect",
    "logging",
    "encodings.idna",
    "contextlib",
    "importlib",
    "ssl",
    "struct",
    "subprocess",
    "threading",
    "typing",
    "warnings",
}

#: Modules that pync can do without (core/typed.py, waiting/signalling.py,
#: transports/plainsocket.py): they take as many instructions as the start of Python.
AVOIDED = {
    "collections",
    "collections.abc",
    "enum",
    "functools",
    "operator",
    "re",
    "selectors",
    "signal",
    "types",
}

#: The number of pync's modules that a client may load (nc has the most): each takes half a million
#: instructions.
MOST_MODULES = 63

#: Modules that --help and --version do not need either.
OF_CONNECTIONS = {"_socket", "select", "socket", "pync.programs", "pync.engine.loop"}

#: Modules for options that were not given, and for events that did not happen.
NOT_ASKED_FOR = {
    "core.until",
    "dialects.proxies",
    "dialects.tos",
    "engine.idle",
    "engine.pace",
    "engine.record",
    "layers.delimiter",
    "layers.newline",
}

#: Modules for options with values, for messages, and for listeners.
OF_OTHER_STARTS = {
    "core.broken",
    "core.pings",
    "core.quantity",
    "dialects.pync.hints",
    "dialects.pync.messages",
    "dialects.pync.rules",
    "dialects.pync.values",
    "transports.listener",
    "transports.services",
}

#: A client whose peer closes at once.
CLIENT = """
import os, pync.cli, socket
with socket.create_server(("127.0.0.1", 0)) as server:
    if os.fork() == 0:
        server.accept()
        os._exit(0)
    words = ["127.0.0.1", str(server.getsockname()[1])]
    assert pync.cli.main(words, stdin=os.open(os.devnull, 0)) == 0
    os.wait()
"""

#: A complete call with a refused connection: the port is bound but not listening.
CALL = """
import pync.cli, socket
with socket.socket() as closed:
    closed.bind(("127.0.0.1", 0))
    assert pync.cli.main(["-d", "127.0.0.1", str(closed.getsockname()[1])]) == 1
"""

#: Fields of Config that are not options: positional arguments, and derived values.
NO_OPTIONS = WORKED_OUT | {"target"}


def imported_by(code: str) -> set[str]:
    """The modules that a new interpreter imports for a piece of code."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return modules_of(done.stderr)


def modules_of(table: str) -> set[str]:
    """The modules in a table of -X importtime."""
    return {line.rpartition("|")[2].strip() for line in table.splitlines() if "|" in line}


@pytest.mark.parametrize("code", ["import pync", "import pync.cli", CALL])
def test_startup_imports_no_slow_module(code: str) -> None:
    # Modules that the interpreter and its site packages import do not count.
    ours = imported_by(code) - imported_by("pass")
    assert "pync" in ours
    assert ours & HEAVY == set()


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["--as=nc", "-h"]])
def test_help_and_version_do_not_import_socket(words: list[str]) -> None:
    ours = imported_by(f"import pync.cli; pync.cli.main({words})") - imported_by("pass")
    assert "pync.cli" in ours
    assert ours & (HEAVY | AVOIDED | OF_CONNECTIONS) == set()


@pytest.mark.parametrize(
    "words",
    [
        ["127.0.0.1", "1"],
        ["-z", "127.0.0.1", "1"],
        ["-l", "--accept-timeout=10ms", "127.0.0.1", "0"],
    ],
)
def test_modules_of_unused_options_are_not_loaded(words: list[str]) -> None:
    ours = imported_by(f"import pync.cli; pync.cli.main({words})") - imported_by("pass")
    assert "pync.programs.setup" in ours
    assert ours & {f"pync.{name}" for name in NOT_ASKED_FOR} == set()


def test_plain_client_loads_few_modules() -> None:
    ours = imported_by(CLIENT) - imported_by("pass")
    assert "pync.engine.relay" in ours
    assert ours & HEAVY == set()
    assert ours & {f"pync.{name}" for name in NOT_ASKED_FOR | OF_OTHER_STARTS} == set()


def close_one_client(server: socket.socket) -> None:
    server.accept()[0].close()


@pytest.mark.parametrize("words", [[], ["-z"], ["--as=nc", "-z"], ["--as=nc"]])
def test_the_command_connects_without_slow_modules(words: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        server.settimeout(DEADLINE)
        pool.submit(close_one_client, server)
        code = "from pync.__main__ import run; run()"
        port = str(server.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", code, *words, "127.0.0.1", port],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
    ours = modules_of(done.stderr) - imported_by("pass")
    assert "_socket" in ours
    assert ours & (HEAVY | AVOIDED | {"socket"}) == set()
    assert len({name for name in ours if name.startswith("pync.")}) <= MOST_MODULES


def test_slow_startup_is_detected() -> None:
    assert {"logging", "ssl"} <= imported_by("import logging, ssl") & HEAVY


def differences(usages: list[str], fields: set[str]) -> set[str]:
    """Options without a field, and fields without an option."""
    options = {option.long.replace("-", "_") for text in usages for option in options_in(text)}
    return options ^ fields


def test_options_and_fields_correspond() -> None:
    usages = [load(name).usage for name in DIALECTS]
    assert differences(usages, set(Config._fields) - NO_OPTIONS) == set()


def test_option_without_a_field_is_detected() -> None:
    usage = "Options:\n  -a --alone     Nobody reads it.\n     --read       Somebody does.\n"
    assert differences([usage], {"read", "forgotten"}) == {"alone", "forgotten"}
