"""udp-echo (SPEC 11; RFC 862 over UDP): each datagram is answered by one with the same bytes.

Usually only one datagram is in transit, so that none is lost without need. If there are several,
they fit into any socket's buffer, and their order is not judged.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

from ..clients.datagrams import LONGEST
from ..scenario.profile import Profile
from ..scenario.requirement import PORT
from ..scenario.session import Session
from ..targets.address import DATAGRAMS
from .crowd import each
from .data import CONTROL
from .growth import BATCH, CONNECTIONS, leaves_no_descriptor
from .lifecycle import STOP_TIMEOUT, nothing_listens
from .settings import settings_of
from .upkeep import QUIET, is_idle, leaves_nothing

#: Bytes of the largest datagram to be answered; senders that close before their answer comes.
LARGE, GONE = 8192, 20


def small_session(session: Session) -> None:
    """Send a datagram and await its echo."""
    sender = session.sender()
    sender.send(b"served in full\n")
    sender.expect(b"served in full\n")
    sender.close(note=False)


udp_echo = Profile(
    "udp-echo",
    title="every datagram comes back (RFC 862 over UDP)",
    settings=settings_of("udp-echo"),
    first_input=b"ready?\n",
    small_session=small_session,
    transports=DATAGRAMS,
    base=("once",),
)


@udp_echo.must(
    "simple", "11.1", "A datagram is answered by one of the same bytes.", "RFC 862", needs=()
)
def simple(session: Session) -> None:
    sender = session.sender()
    # Another clause (11.2) judges further datagrams.
    sender.takes_others = True
    for line in (b"Hello server\n", b"no newline", b"x"):
        sender.send(line)
        sender.expect(line)


@udp_echo.must(
    "once",
    "11.2",
    "A datagram is answered once, and nothing else is sent.",
    "RFC 862",
    needs=("simple",),
)
def once(session: Session) -> None:
    sender = session.sender()
    for line in (b"first", b"quit\n", b"help\n", b"second", b"exit\r\n", b"third"):
        sender.send(line)
        # The barrier: the next datagram after one answer is the next answer.
        sender.expect(line)


@udp_echo.must(
    "to-the-sender",
    "11.3",
    "The answer goes to the port that the datagram came from.",
    "RFC 862; RFC 768",
)
def to_the_sender(session: Session) -> None:
    early, late = session.sender(), session.sender()
    for number in range(3):
        one, two = b"from the first %d" % number, b"from the second one %d" % number
        early.send(one)
        early.expect(one)
        late.send(two)
        late.expect(two)
        early.send(two + one)
        early.expect(two + one)


@udp_echo.must(
    "from-the-server",
    "11.4",
    "The answer comes from the address and port that the datagram was sent to.",
    "RFC 1123 4.1.3.5 (UDP multihoming); RFC 768",
)
def from_the_server(session: Session) -> None:
    sender = session.sender()
    sender.judges_source = True
    for number in range(3):
        sender.send(b"whence %d" % number)
        sender.expect(b"whence %d" % number, awaited="the echo from the server's own port")


@udp_echo.must(
    "boundaries", "11.5", "Boundaries are kept: several datagrams come back as many.", "RFC 768"
)
def boundaries(session: Session) -> None:
    sender = session.sender()
    for size in (1, 7, 100):
        datagrams = [b"%d " % number * size for number in range(8)]
        sender.send(*datagrams)
        sender.expect(*datagrams, awaited="the echo of one of eight datagrams")


@udp_echo.must("empty", "11.6", "An empty datagram is answered by an empty one.", "RFC 768")
def empty(session: Session) -> None:
    sender = session.sender()
    for data in (b"", b"after it", b"", b""):
        sender.send(data)
        sender.expect(data, awaited="the echo of an empty datagram" if not data else "the echo")


@udp_echo.must("binary", "11.7", "Every byte value comes back unchanged.", "RFC 862")
def binary(session: Session) -> None:
    sender = session.sender()
    every = bytes(range(256))
    for name, data in {**CONTROL, "all byte values": every, "them, reversed": every[::-1]}.items():
        sender.send(data)
        sender.expect(data, awaited=f"the echo of {name}")


# Text only: another clause (11.7) judges special bytes in a datagram.
@udp_echo.must("sizes", "11.8", f"Datagrams of up to {LARGE} bytes come back whole.", "SPEC 11.8")
def sizes(session: Session) -> None:
    sender = session.sender()
    for size in (511, 512, 513, 1023, 1024, 1025, 1472, 1473, 2048, 4095, 4096, 4097, 8191, LARGE):
        data = session.some_words(size)
        sender.send(data)
        sender.expect(data, awaited=f"the echo of {size} bytes")


@udp_echo.should(
    "largest",
    "11.9",
    f"Datagrams of up to {LONGEST} bytes come back whole.",
    "RFC 768; RFC 791",
    needs=("sizes",),
)
def largest(session: Session) -> None:
    sender = session.sender()
    for size in (LARGE + 1, 16_384, 32_769, 65_000, LONGEST):
        data = session.some_words(size)
        sender.send(data)
        sender.expect(data, awaited=f"the echo of {size} bytes")


@udp_echo.must(
    "many-senders",
    "11.10",
    "Each sender gets the answers to its own datagrams.",
    "SPEC 11.10",
    needs=("to-the-sender",),
)
def many_senders(session: Session) -> None:
    senders = [session.sender(f"S{number}") for number in range(1, 33)]
    for talk in (b"first", b"second, and longer"):
        for sender in senders:
            sender.send(talk + b" of " + sender.name.encode())
        for sender in reversed(senders):
            sender.expect(talk + b" of " + sender.name.encode(), awaited="its own echo")


@udp_echo.must(
    "gone-sender",
    "11.11",
    "A sender that has closed its port does not disturb other senders.",
    "RFC 1122 4.1.3.3 (ICMP port unreachable)",
    needs=("many-senders",),
)
def gone_sender(session: Session) -> None:
    with ExitStack() as stack:
        if session.server.process is not None:
            # With a stopped server, the senders have certainly closed before they are answered.
            stack.enter_context(session.paused())
        for number in range(1, GONE + 1):
            sender = session.sender(f"gone{number}")
            sender.send(b"nobody waits for the answer to this %d" % number)
            sender.close()
    # The server gets the errors of unreachable senders with its next reads and writes.
    for _ in range(GONE):
        session.next_client_is_served()


@udp_echo.must(
    "terminal",
    "11.12",
    "A person on a terminal sees each line come back.",
    "RFC 862",
    needs=("to-the-sender",),
    unless=("from-the-server",),
)
def terminal(session: Session) -> None:
    person = session.terminal()
    for line in (b"Hello server", b"This is simple echo"):
        person.type_line(line)
        person.see(line + b"\n", "the echo")


@udp_echo.must(
    "sigterm-idle",
    "7.10",
    "SIGTERM ends the server within 5 s, with status 0 or 143 or by the signal.",
    "POSIX.1-2017 SIGTERM",
    spawned=True,
    brisk=True,
)
def sigterm_idle(session: Session) -> None:
    session.next_client_is_served()
    session.terminate(STOP_TIMEOUT)


@udp_echo.must(
    "sigterm-busy",
    "7.11",
    "SIGTERM ends the server within 5 s although senders talk to it.",
    "POSIX.1-2017 SIGTERM",
    spawned=True,
    needs=("sigterm-idle", "many-senders"),
    brisk=True,
)
def sigterm_busy(session: Session) -> None:
    senders = [session.sender() for _ in range(8)]
    for sender in senders:
        sender.send(b"before")
        sender.expect(b"before")
    for sender in senders:
        sender.send(b"meanwhile")
    session.terminate(STOP_TIMEOUT)


@udp_echo.must(
    "port-free",
    "7.12",
    "When the server has ended, its port is free.",
    spawned=True,
    needs=("sigterm-idle",),
    brisk=True,
    about=PORT,
)
def port_free(session: Session) -> None:
    session.next_client_is_served()
    session.terminate(STOP_TIMEOUT)
    nothing_listens(session)


@udp_echo.must(
    "leak",
    "11.13",
    f"{CONNECTIONS} senders leave no descriptor behind.",
    spawned=True,
    needs=("many-senders",),
)
def leak(session: Session) -> None:
    leaves_no_descriptor(session, lambda _: _serve_batch(session))


@udp_echo.must(
    "leak-process",
    "7.18",
    f"{CONNECTIONS} senders leave no process, no thread and no memory behind.",
    "SPEC 7.18",
    spawned=True,
    needs=("many-senders",),
    once=True,
    brisk=True,
)
def leak_process(session: Session) -> None:
    leaves_nothing(session, lambda: _serve_batch(session), "senders")


def _serve_batch(session: Session) -> None:
    each(range(BATCH), lambda _: session.next_client_is_served())


@udp_echo.should(
    "idle",
    "7.19",
    "A server whose senders are silent uses little CPU.",
    "SPEC 7.19",
    spawned=True,
    needs=("many-senders",),
    once=True,
)
def idle(session: Session) -> None:
    for _ in range(3):
        sender = session.sender()
        sender.send(b"and then silence")
        sender.expect(b"and then silence")
    is_idle(session, "senders")


@udp_echo.must(
    "quiet",
    "7.20",
    f"A sender that says nothing for {QUIET:g} s is answered when it speaks again.",
    "SPEC 7.20",
    needs=("to-the-sender",),
    once=True,
)
def quiet(session: Session) -> None:
    sender = session.sender()
    sender.send(b"before")
    sender.expect(b"before")
    time.sleep(QUIET)
    sender.send(b"after it")
    sender.expect(b"after it", awaited="the echo after a while without a datagram")
    session.next_client_is_served()
