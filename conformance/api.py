r"""The public interface of the suite, for writing your own profiles.

    from pync_conformance.api import Session, StreamProfile, every_stream_service

    def serve(session, peer):
        peer.send(b"hello\n")
        peer.expect(b"HELLO\n", "the answer")
        peer.send_eof()
        peer.expect_eof()

    shout = StreamProfile("shout", title="answers in upper case", spec="PROTOCOL.md",
                          first_input=b"hello\n", half_input=b"hel", serve=serve)

    @shout.must("upper", "2.1", "Each line is answered in upper case.", needs=())
    def upper(session):
        ...

    every_stream_service(shout)

The names below, their arguments and their meaning change only as CHANGELOG.md announces: a name is
deprecated for at least one minor version before it is removed. Everything else in this package is
private.
"""

from __future__ import annotations

from .clients.channel import DATA, FIN, RST, SILENCE
from .clients.client_under_test import ClientUnderTest
from .clients.datagrams import Sender
from .clients.peer import Peer
from .clients.terminal import Terminal
from .core.conduct import Conduct, Pattern, Text
from .core.settings import Parameters, Rule, Settings
from .core.verdict import Level, NotJudged, Verdict, Violation, WrongUsage
from .profiles.common import GROUPS, every_stream_service
from .scenario.profile import ClientProfile, Profile, StreamProfile
from .scenario.requirement import ABORTABLE, PATH, PORT, PORT_AGAIN, Requirement
from .scenario.session import Session
from .targets.address import DATAGRAMS, STREAMS, TCP, TCP6, TLS, UDP, UDP6, UNIX

__all__ = [
    "ABORTABLE",
    "DATA",
    "DATAGRAMS",
    "FIN",
    "GROUPS",
    "PATH",
    "PORT",
    "PORT_AGAIN",
    "RST",
    "SILENCE",
    "STREAMS",
    "TCP",
    "TCP6",
    "TLS",
    "UDP",
    "UDP6",
    "UNIX",
    "ClientProfile",
    "ClientUnderTest",
    "Conduct",
    "Level",
    "NotJudged",
    "Parameters",
    "Pattern",
    "Peer",
    "Profile",
    "Requirement",
    "Rule",
    "Sender",
    "Session",
    "Settings",
    "StreamProfile",
    "Terminal",
    "Text",
    "Verdict",
    "Violation",
    "WrongUsage",
    "every_stream_service",
]
