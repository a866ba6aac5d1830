"""Correct servers that use the freedom that the contract leaves: each one must pass."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .judging import IMPLEMENTATIONS, PYTHON, ROOT, judge, kept

SERVER = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from conformance.reference.python.chat import Chat
from conformance.reference.python.command import main
from conformance.reference.python.datagrams import DatagramServer, UdpEcho

"""

CHAT = {
    "frees a name some time after the connection has ended": """
class Lawful(Chat):
    def leave(self):
        name, online = self.name, dict(self.room.online)
        super().leave()
        if name:
            self.room.online[name] = self
            self.server.call_later(0.2, lambda: self.room.online.pop(name, None))
""",
    "leaves the most recently joined channel first": """
class Lawful(Chat):
    def leave(self):
        for channel in reversed([*self.room.channels]):
            if self.name:
                self.part(channel, b"")
        super().leave()
""",
    "informs the other members before it answers, and slightly later": """
class Lawful(Chat):
    def hear(self, line):
        self.server.call_later(0.01, lambda: super(Lawful, self).hear(line))
""",
    "disconnects a member that does not read": """
class Lawful(Chat):
    def hear(self, line):
        super().hear(line)
        if self.open and len(self.output) > 200_000:
            self.abort()
""",
    "has its own text for every error whose text is not specified": """
class Lawful(Chat):
    def send(self, data):
        for said in (b"ERROR unknown command", b"ERROR wrong words", b"ERROR LOGIN takes"):
            if data.startswith(said):
                data = b"ERROR " + "était-ce une erreur?".encode() + bytes(3000) + b"\\n"
        super().send(data)
""",
}

DATAGRAMS = {
    "answers the newest of the waiting datagrams first": """
class Newest(DatagramServer):
    def flush(self):
        self.waiting.reverse()
        return super().flush()

class Lawful(UdpEcho):
    server_class = Newest
""",
    "takes its time": """
class Slow(DatagramServer):
    def send(self, data, source):
        self.call_later(0.02, lambda: super(Slow, self).send(data, source))

class Lawful(UdpEcho):
    server_class = Slow
""",
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("profile", "variant"),
    [("chat", name) for name in CHAT] + [("udp-echo", name) for name in DATAGRAMS],
)
def test_conformant_variant_passes(profile: str, variant: str, tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    body = (CHAT if profile == "chat" else DATAGRAMS)[variant]
    last = f"\nsys.exit(main(sys.argv[1:], {{{profile!r}: Lawful}}))\n"
    script.write_text(SERVER + body + last, encoding="utf-8")
    where = "udp" if profile == "udp-echo" else "tcp"
    target = f"{sys.executable} {script} {{profile}} {where}://{{host}}:{{port}}"
    judged = judge(tmp_path, kept(tmp_path, target), f"--profile={profile}")
    assert judged.status == 0, judged.stdout
    assert judged.ids("FAIL") == judged.ids("WARN") == set()


#: The behaviour of an echo server -> the cases that might wrongly fail because of it.
ECHOES = {
    "Pieces": "simple coalesced large half-close terminal",
    "LateFin": "half-close fin-at-once next-client nothing-else quiet sigterm-busy",
    "Reckons": "sigterm-idle port-free",
    "Pool": "leak-fin leak-process idle idle-64",
    "Cache": "leak-process",
    "Forked": "concurrent burst leak-reset leak-process sigterm-busy port-free",
    "Talkative": "simple large leak-fin sigterm-idle",
    "Lingers": "half-close reset-while-writing stall-then-reset restart",
    "Sips": "large half-close",
    "Edges": "burst coalesced large half-close stalled-reader idle",
    "Helper": "concurrent leak-fin leak-process",
    "DualStack": "simple port-free restart sigterm-idle",
    "Nagle": "simple again segments coalesced terminal",
    "KeepAlive": "quiet half-sent restart",
    "Ticks": "idle quiet isolation",
    "Drains": "sigterm-idle sigterm-busy port-free restart",
    "Unhurried": "burst idle-64 reset-fifty reset-before-accept next-client",
    "Impatient": "quiet isolation idle-64",
    "WarmsUp": "idle simple",
    "Forks": "leak-process leak-reset sigterm-busy restart",
    "Splices": "half-close-pending backpressure stalled-reader leak-fin",
}


#: Profile, behaviour, and the cases that might wrongly fail because of it -> the server.
OTHERS = {
    ("hello", "replies to each byte", "reply segments large ends-fin terminal"): """
class Lawful(Hello):
    read_size = 4096
    def received(self, data):
        self.send(self.setting("reply") * len(data))
""",
    ("quit", "answers letter by letter", "upper token utf8-split unterminated-rest terminal"): """
class Lawful(Quit):
    def answer(self, text):
        for letter in text:
            super().answer(letter)
""",
    ("half-open", "replies in parts, and ends later", "reply ends-fin reset-while-writing"): """
class Lawful(HalfOpen):
    def ended(self):
        reply = self.setting("reply").replace(b"{n}", b"%d" % self.count)
        self.say(reply[:4])
        self.server.call_later(0.05, lambda: self.say(reply[4:]))
        self.server.call_later(0.2, self.last)
    def say(self, text):
        self.send(text)
        if self.open:
            self.advance()
    def last(self):
        self.finish()
        if self.open:
            self.advance()
""",
    (
        "reset",
        "echoes the command, aborts 100 ms later, and drops a rest",
        "reset split unterminated others-undisturbed",
    ): """
class Lawful(Reset):
    def received(self, data):
        *lines, self.line = (self.line + data).split(b"\\n")
        for line in lines:
            self.send(line + b"\\n")
            if self.is_command(line):
                self.server.call_later(0.1, self.abort)
                return
    def ended(self):
        self.finish()
    def abort(self):
        if self.open:
            super().abort()
""",
    (
        "crud",
        "answers all that has come together, later, in one piece",
        "in-order ends-fin segments",
    ): """
class Lawful(Crud):
    input_over = False
    def connected(self):
        super().connected()
        self.said = bytearray()
    def send(self, data):
        if not self.said:
            self.server.call_later(0.02, self.say)
        self.said += data
    def say(self):
        said, self.said = self.said, bytearray()
        super().send(said)
        if self.input_over:
            super().finish()
        if self.open:
            self.advance()
    def finish(self):
        if self.said:
            self.input_over = True
        else:
            super().finish()
""",
}


@pytest.mark.long
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux: epoll, fork")
def test_unusual_but_correct_echo_servers_pass(tmp_path: Path) -> None:
    """They run in parallel: most of the time they wait."""

    def verdict(manner: str) -> str:
        target = f"{PYTHON} {IMPLEMENTATIONS / 'lawful_echo.py'} {manner} {{port}}"
        return accused(tmp_path / manner, target, "echo", ECHOES[manner])

    with ThreadPoolExecutor(5) as pool:
        found = dict(zip(ECHOES, pool.map(verdict, ECHOES), strict=True))
    assert {manner: said for manner, said in found.items() if said} == {}


@pytest.mark.long
def test_other_unusual_but_correct_servers_pass(tmp_path: Path) -> None:
    def verdict(variant: tuple[str, str, str]) -> str:
        profile, _, cases = variant
        script = tmp_path / f"{profile}.py"
        last = f"\nsys.exit(main(sys.argv[1:], {{{profile!r}: Lawful}}))\n"
        services = "from conformance.reference.python.services import *\n"
        script.write_text(SERVER + services + OTHERS[variant] + last, encoding="utf-8")
        target = f"{PYTHON} {script} {{profile}} tcp://{{host}}:{{port}}"
        return accused(tmp_path / profile, target, profile, cases)

    with ThreadPoolExecutor(5) as pool:
        found = dict(zip(OTHERS, pool.map(verdict, OTHERS), strict=True))
    assert {variant: said for variant, said in found.items() if said} == {}


def accused(report: Path, target: str, profile: str, cases: str) -> str:
    """Return the messages about a server that fails one of these cases."""
    asked = [f"--case={profile}/{case}" for case in cases.split()]
    done = judge(report, target, *asked, "--jobs=1")
    return "" if done.status == 0 and not done.ids("WARN") else done.stdout + done.stderr
