"""An exception that one client raises ends that client only, in every kind of server."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack, suppress

import pytest

from ..peer import connected
from ..programs import Program
from .conftest import heard_port

#: Runs the command; the first call of the function NAME in MODULE raises an exception.
_FAILING = """
import {module} as module
from pync.__main__ import run

owner, name = {owner}, {name!r}
kept = getattr(owner, name)

def fail(*arguments, **named):
    setattr(owner, name, kept)
    raise ValueError("wrong")

setattr(owner, name, fail)
run()
"""

#: Server, place of the exception -> (the module, the owner of the function, the function that
#: fails, options).
PLACES = {
    "a chat, what is said": ("pync.layers.chat", "module.Speaker", "says", "--chat"),
    "a broker, on arrival": ("pync.programs.broker", "module.BrokerClient", "start", "--broker"),
    "a broker, a read": ("pync.transports.conn", "module.Conn", "recv", "--broker"),
    "a broker, a write": ("pync.programs.broker.backlog", "module.Place", "next", "--broker"),
    "a command, its start": ("pync.programs.commands", "module", "variables", "-k --exec=cat"),
    "a command, a read": ("pync.transports.conn", "module.Conn", "recv", "-k --exec=cat"),
    "a command, its end": ("pync.programs.commands", "module.Process", "send_eof", "-k --exec=cat"),
    "a welcome": ("pync.programs.shared.tls_accept", "module", "welcome", "--broker"),
    "a handshake": (
        "pync.transports.tls.handshake",
        "module.Securing",
        "step",
        "--broker --ssl",
    ),
    "the beginning of one": (
        "pync.programs.shared.securing",
        "module",
        "begin_welcome",
        "--broker --ssl",
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_other_clients_are_served(stack: ExitStack, place: str) -> None:
    module, owner, name, options = PLACES[place]
    code = _FAILING.format(module=module, owner=owner, name=name)
    words = ["-lvv", *options.split(), "127.0.0.1", "0"]
    program = stack.enter_context(Program(sys.executable, "-c", code, *words))
    port = heard_port(program)
    for number in range(2):
        # The failing client may be reset while it still connects or sends.
        with suppress(ConnectionError):
            client = stack.enter_context(connected(port))
            client.says(b"hello\n")
            if "its end" in place and not number:
                client.half_closes()
    program.hears(rb"pync: relay \S+: internal error: ValueError: wrong\n")
    # Another client is accepted; with --ssl, a client that does not use TLS is reported.
    third = stack.enter_context(connected(port))
    if "--ssl" in options:
        third.says(b"GET / HTTP/1.0\r\n\r\n")
        program.hears(rb"http request")
    elif "exec" in options:
        third.says(b"hello\n")
        third.hears(b"hello\n")
    else:
        program.hears(rb"(?s)internal error.*Connection received|received.*received.*received")
    program.process.terminate()
    assert b"Traceback" not in program.ends(-signal.SIGTERM)
