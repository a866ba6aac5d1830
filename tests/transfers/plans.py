"""The plan of a random transfer: a seed determines everything."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field

TRANSPORTS = ("tcp", "tcp", "unix", "tls1.2", "tls1.3", "socks", "connect", "exec", "udp")

#: The programs that can be the listener, and the client; the real ones are Debian's commands.
REAL = {"nc": "nc.openbsd", "ncat": "ncat", "telnet": "telnet"}


@dataclass
class Side:
    """One of the two programs, its input and the reader of its output."""

    program: str
    ours: bool
    listens: bool
    payload: bytes = b""
    #: Whether the input is a file; otherwise it is a pipe that is written in pieces with pauses.
    from_file: bool = False
    pieces: list[tuple[float, int]] = field(default_factory=list)
    #: Whether the input ends only when all data from the other side has arrived.
    ends_last: bool = False
    #: Whether the input ends only when the other program has exited.
    outlasts: bool = False
    #: Seconds between two reads of the output; the number of bytes after which its reader exits.
    slowness: float = 0.0
    leaves_after: int | None = None
    #: The number of bytes of input after which the program is killed.
    killed_after: int | None = None

    @property
    def disturbs(self) -> bool:
        """Whether its program is killed, or its reader exits early."""
        return self.leaves_after is not None or self.killed_after is not None


@dataclass
class Plan:
    """One transfer."""

    seed: int
    transport: str
    listener: Side
    client: Side

    def __str__(self) -> str:
        return (
            f"seed {self.seed} {self.transport}: {_shown(self.listener)} <- {_shown(self.client)}"
        )


def _shown(side: Side) -> str:
    name = ("pync as " if side.ours else "real ") + side.program
    source = "file" if side.from_file else f"pipe {[round(pause, 1) for pause, _ in side.pieces]}"
    extras = [
        text
        for text, wanted in (
            ("ends last", side.ends_last),
            ("outlasts the other", side.outlasts),
            (f"reader pauses {side.slowness}", side.slowness),
            (f"reader leaves after {side.leaves_after}", side.leaves_after is not None),
            (f"killed after {side.killed_after}", side.killed_after is not None),
        )
        if wanted
    ]
    return f"{name} ({', '.join([f'{len(side.payload)} bytes', source, *extras])})"


def plan(seed: int, missing: frozenset[str] = frozenset()) -> Plan:
    """Return the plan for this seed.

    Arguments:
        missing: names in REAL that are not installed; pync replaces them.
    """
    rng = random.Random(seed)
    transport = rng.choice(TRANSPORTS)
    tls = transport.startswith("tls")
    speakers = ["pync", "pync", "ncat"] if tls or transport == "exec" else ["pync", "nc", "ncat"]
    clients = [*speakers, "telnet"] if transport == "tcp" else speakers
    listener = Side(rng.choice(speakers), ours=True, listens=True)
    client = Side(rng.choice(clients), ours=True, listens=False)
    if rng.random() < 0.4:
        theirs = rng.choice([listener, client])
        theirs.ours = theirs.program in {"pync", *missing}
    for side in (listener, client):
        _give_input(rng, side, text="telnet" in (listener.program, client.program))
        side.slowness = rng.choice([0.0, 0.0, 0.0, 0.005])
    found = Plan(seed, transport, listener, client)
    if transport == "udp":
        _as_datagrams(rng, found)
    elif rng.random() < 0.25:
        _disturb(rng, found, tls=tls)
    _spare(found)
    return found


def _give_input(rng: random.Random, side: Side, *, text: bool) -> None:
    size = rng.choice([0, 0, 1, rng.randrange(2, 70_000), rng.randrange(70_000, 6_000_000)])
    side.payload = _letters(rng, size) if text else rng.randbytes(size)
    side.from_file = rng.random() < 0.4
    if side.from_file or not size:
        return
    cuts = sorted(rng.randrange(size) for _ in range(rng.choice([0, 1, 1, 2])))
    for start, end in zip([0, *cuts], [*cuts, size], strict=True):
        side.pieces.append((rng.choice([0.0, 0.3, 1.4, 2.4]) if start else 0.0, end - start))


def _letters(rng: random.Random, size: int) -> bytes:
    # TELNET treats CR, LF, NUL and 255 specially.
    return "".join(rng.choices(string.ascii_letters, k=min(size, 50_000))).encode()


def _as_datagrams(rng: random.Random, planned: Plan) -> None:
    """Only the client sends, and only a few lines: UDP over loopback does not lose these."""
    planned.listener.payload, planned.listener.pieces = b"", []
    planned.listener.from_file = False
    client = planned.client
    client.program = "ncat" if client.program == "ncat" else "pync"  # nc waits forever
    client.ours = client.ours or client.program == "pync"
    client.from_file, client.slowness = False, 0.0
    client.payload = _letters(rng, rng.randrange(1, 900))
    client.pieces = [(rng.choice([0.0, 0.2]), len(client.payload))]


def _disturb(rng: random.Random, planned: Plan, *, tls: bool) -> None:
    side = rng.choice([planned.listener, planned.client])
    # ncat notices that the reader of its output has exited only when it writes.
    side.program, side.ours = ("nc" if side.program == "nc" else "pync"), True
    if not tls:
        side.leaves_after = rng.choice([0, 1, 10_000])
        if rng.random() < 0.5:
            # Neither data nor FIN arrives then: pync must notice that the reader has exited.
            other = planned.client if side.listens else planned.listener
            other.payload, other.pieces, other.from_file = b"", [], False
            other.outlasts, side.leaves_after = True, 0
    else:
        # Only TLS can distinguish the end of a killed sender from a normal end.
        side.payload = side.payload if len(side.payload) > 1 else rng.randbytes(20_000)
        side.killed_after = len(side.payload) // 2
        side.from_file, side.pieces = False, [(0.0, side.killed_after)]


def _spare(planned: Plan) -> None:
    """Remove cases in which data is dropped by design."""
    listener, client = planned.listener, planned.client
    if planned.transport == "exec":
        # cat sends everything back to the client; the real ncat loses it at the client's FIN.
        listener.ours, listener.leaves_after = True, None
        # cat exits only after its client, so the client must not wait for that.
        client.outlasts = False
        listener.payload, listener.pieces, listener.from_file = b"", [], True
        return
    if client.program == "telnet":
        # telnet exits at the host's FIN; the real one also exits at the end of its input.
        listener.program, listener.ours = "pync", True
        if not client.ours:
            client.payload, client.pieces, client.from_file, client.ends_last = b"", [], False, True
        else:
            _end_last(listener)
    elif planned.transport.startswith("tls") and not (listener.ours and client.ours):
        # The real ncat stops sending at close_notify (RFC 5246 7.2.1), and receiving at its own.
        if client.ours:
            listener.from_file, listener.pieces = True, []
            client.payload, client.pieces = client.payload[:100], [(0.0, 100)]
        else:
            listener.payload, listener.pieces, listener.from_file = b"", [], False
            _end_last(listener)
    elif listener.program != "pync" and not (listener.ours and listener.from_file):
        # nc -l and ncat -l exit at their client's FIN. The real ones drop files, too; pync sends a
        # file to its end, and a pipe until it pauses.
        _end_last(client)


def _end_last(side: Side) -> None:
    if side.from_file:
        side.from_file, side.pieces = False, [(0.0, len(side.payload))]
    side.ends_last = True
