"""Small servers with one fault each, or none, and the requirement that each one must fail.

They are in eight languages, written as beginners and tutorials write them, without the suite's
own code. Each is judged by its whole profile. A requirement that is not judged must need the one
that fails.

    python -m tests.suite.strange_servers [RUNS [WORD]]

judges every server that has WORD in its name RUNS times (default: 10), each time with another
seed, and prints how often the verdict was correct. The tests judge some of them once.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from .judging import IMPLEMENTATIONS, PYTHON, ROOT, Judged, judge, works

SOURCES = IMPLEMENTATIONS / "strange"


class Language(NamedTuple):
    """A programming language: what it needs, how its servers are built, and how they start."""

    needs: str
    package: str
    start: str
    build: str = ""


LANGUAGES = {
    "C": Language(
        "gcc",
        "gcc libc6-dev",
        "{out}/strange",
        "gcc -O1 -Wall -Wextra -Werror -pthread -o {out}/strange {sources}/strange.c",
    ),
    "C++": Language(
        "g++",
        "g++",
        "{out}/strange",
        "g++ -std=c++17 -O1 -Wall -Wextra -Werror -o {out}/strange {sources}/strange.cc",
    ),
    "Java": Language(
        "javac",
        "default-jdk-headless",
        "java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp {out} Strange",
        "javac -d {out} {sources}/Strange.java",
    ),
    "Node": Language("node", "nodejs", "node {sources}/strange.js"),
    "Perl": Language("perl", "perl", "perl {sources}/strange.pl"),
    "Python": Language("", "", PYTHON + " {sources}/strange.py"),
    "Rust": Language(
        "rustc",
        "rustc",
        "{out}/strange",
        "rustc -O -D warnings -o {out}/strange {sources}/strange.rs",
    ),
    "Tcl": Language("tclsh", "tcl", "tclsh {sources}/strange.tcl"),
    "shell": Language("socat", "socat", "socat"),
}


class Strange(NamedTuple):
    """A server, how it is judged, and the requirement that must fail ("": the server is correct).

    ``always``: the tests judge it too.
    """

    language: str
    kind: str
    profile: str
    blamed: str
    settings: str = ""
    words: str = "{kind} {{port}}"
    always: bool = False

    @property
    def name(self) -> str:
        return f"{self.language}, {self.kind}"


LISTEN = "TCP-LISTEN:{{port}},bind=127.0.0.1,reuseaddr,fork,backlog=64"
STORE = "{kind} {{port}} {{data}}"

SERVERS = [
    # Correct, but unusual.
    Strange("C", "two-writes", "echo", ""),
    Strange("C", "late-fin", "echo", ""),
    Strange("C", "backlog-1", "echo", ""),
    Strange("C++", "prefork", "echo", ""),
    Strange("Rust", "pieces", "echo", ""),
    Strange("Java", "threads", "echo", ""),
    Strange("Node", "pipe", "echo", ""),
    Strange("Node", "chat", "chat", ""),
    Strange("Python", "streams", "echo", ""),
    Strange("shell", "cat", "echo", "", words=f"{LISTEN} EXEC:cat"),
    # Servers with one fault each.
    Strange("C", "stops-at-nul", "echo", "binary"),
    Strange("C", "sends-the-buffer", "echo", "simple", always=True),
    Strange("C", "no-queue", "echo", "stalled-reader"),
    Strange("C", "dies-of-sigpipe", "echo", "reset-while-writing"),
    Strange("C", "leaks-after-reset", "echo", "leak-reset"),
    Strange("C", "no-reuseaddr", "echo", "restart"),
    Strange("C", "zombies", "echo", "leak-process"),
    Strange("C", "in-turn", "echo", "concurrent"),
    Strange("C", "a-read-is-a-line", "reset", "split"),
    Strange("C", "shared-line", "reset", "isolation"),
    Strange("C", "joins-words", "quit", "upper", always=True),
    Strange("C", "strlen-plus-1", "hello", "whole"),
    Strange("C", "never-reads", "greet", "ends-fin"),
    Strange("C", "udp-512", "udp-echo", "sizes", always=True),
    Strange("C", "udp-no-empty", "udp-echo", "empty"),
    Strange("C", "udp-other-port", "udp-echo", "from-the-server"),
    Strange("C++", "asks-all-the-time", "echo", "idle"),
    Strange("C++", "always-asks-to-write", "echo", "idle"),
    Strange("Java", "readers", "echo", "binary"),
    Strange("Java", "lines", "echo", "binary", "unit=line"),
    Strange("Java", "ten-threads", "echo", "idle-64"),
    Strange("Java", "selector", "echo", "half-close-pending"),
    Strange("Node", "no-drain", "echo", "backpressure"),
    Strange("Node", "destroys-at-end", "echo", "half-close-pending"),
    Strange("Node", "no-error-listener", "echo", "reset-at-once"),
    Strange("Node", "end-is-the-end", "half-open", "reply", always=True),
    Strange("Node", "string-per-read", "quit", "utf8-split"),
    Strange("Node", "part-leaves-all", "chat", "part"),
    Strange("Node", "says-to-the-sender", "chat", "say"),
    Strange("Perl", "buffers-greeting", "greet", "not-held-back"),
    Strange("Perl", "stays-after-fin", "hello", "ends-fin", always=True),
    Strange("Perl", "greets-late", "echo", "greeting", "greeting=Welcome\\n"),
    Strange("Perl", "splits-values", "crud", "values", words=STORE),
    Strange("Perl", "folds-keys", "crud", "case-sensitive", words=STORE),
    Strange("Perl", "1024-bytes", "crud", "long", words=STORE),
    Strange("Python", "hasty", "echo", "quiet"),
    Strange("Python", "ponders", "echo", "stalled-reader", always=True),
    Strange("Python", "datagrams", "udp-echo", "largest", always=True),
    Strange("Rust", "unwraps-text", "echo", "binary"),
    Strange("Rust", "unwraps-reads", "echo", "reset-at-once", "clients=1"),
    Strange("Rust", "16-bits", "half-open", "large", always=True),
    Strange("shell", "pipe", "echo", "stalled-reader", words=f"{LISTEN} PIPE"),
    Strange("Tcl", "text", "echo", "simple", always=True),
    Strange("Tcl", "encoded", "echo", "binary"),
    Strange("Tcl", "no-newline", "quit", "greeting"),
    Strange("Tcl", "stays-after-bye", "echo", "nothing-else", "leave=bye"),
]


def why_not(language: Language) -> str:
    """Return why servers in a language cannot be judged on this machine; "" if they can."""
    if not language.needs or works(language.needs):
        return ""
    return f"{language.needs} is missing (Debian: {language.package})"


def command(server: Strange, out: Path) -> str:
    """Return the command that starts a server, as a TARGET; the server is built already."""
    language = LANGUAGES[server.language]
    places = {"out": out, "sources": SOURCES}
    words = server.words.format(kind=server.kind)
    return f"{language.start.format(**places)} {words}"


def build(language: Language, out: Path) -> None:
    """Build all servers of a language."""
    words = language.build.format(out=out, sources=SOURCES).split()
    if words:
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr


def judged(server: Strange, out: Path, report: Path, *arguments: str) -> Judged:
    """Return the verdict of the whole profile on a server."""
    where = "udp" if server.profile.startswith("udp") else "tcp"
    chosen = [f"--profile={server.profile}", f"--transport={where}", *arguments]
    if server.settings:
        chosen.append(f"--set={server.settings}")
    return judge(report, command(server, out), *chosen)


def complaints(server: Strange, found: Judged) -> list[str]:
    """Return what is wrong in the verdict on a server."""
    blamed = {f"{server.profile}/{server.blamed}"} if server.blamed else set()
    said = []
    for one in found.results:
        line = f"{one['verdict']} {one['message'] or one['id']}".splitlines()[0]
        if one["verdict"] == "SKIP":
            if one.get("needs") and one["needs"] not in blamed:
                said.append(f"{one['id']}: {line}")
        elif one["verdict"] != "PASS" and one["id"] not in blamed:
            said.append(line)
    wrong = found.ids("FAIL") | found.ids("WARN")
    return said + [f"{one} was not blamed" for one in sorted(blamed - wrong)]


def main(runs: int = 10, word: str = "") -> int:
    """Judge each server many times; return the exit status."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(6) as pool:
        places = {}
        for name, language in LANGUAGES.items():
            places[name] = Path(folder, name)
            places[name].mkdir()
            if reason := why_not(language):
                print(f"{name}: not judged, {reason}")
                del places[name]
            else:
                build(language, places[name])
        servers = [one for one in SERVERS if one.language in places and word in one.name]
        right = dict.fromkeys(servers, 0)

        def once(server: Strange, number: int) -> None:
            report = Path(folder, f"{server.language}-{server.kind}-{number}")
            try:
                found = judged(server, places[server.language], report, f"--seed={number}")
            except subprocess.TimeoutExpired:
                said = ["not judged in time"]
            else:
                said = complaints(server, found)
            right[server] += not said
            for line in said:
                print(f"{server.name}, run {number}: {line}", flush=True)

        rounds = [(one, number) for number in range(1, runs + 1) for one in servers]
        for _ in pool.map(once, *zip(*rounds, strict=True)):
            pass
    for server, count in right.items():
        blamed = f"{server.profile}/{server.blamed}" if server.blamed else "nothing"
        print(f"{count:3} of {runs}  {server.name}: {blamed}")
    return 0 if set(right.values()) == {runs} else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10, "".join(sys.argv[2:3])))
