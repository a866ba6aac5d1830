r"""A faulty line between a program under test and its server.

    with pync.faulty("tcp://127.0.0.1:5432") as link:
        client = connect(link.host, link.port)
        link.down.delay = 0.2           # each answer is 200 ms late
        link.up.corrupt = 0.001         # a byte in a thousand is changed
        link.cut()                      # FIN to both sides of every connection

It is a relay (programs/relay) in a thread of its own. An attribute sets one of the faults of
``pync --fault`` (core/fault.py); 0, None and False switch it off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import overload

from .core.address import DATAGRAMS as OF_DATAGRAMS
from .core.closing import Closing
from .core.errors import UsageError
from .core.fault import DATAGRAMS, DOWN, STREAMS, UP, parse_fault
from .core.typed import TYPE_CHECKING, Generic, TypeVar
from .library import to_dial, to_listen
from .programs.relay.spoiling import FaultSetup
from .programs.relay.threaded import RelayThread

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

_Value = TypeVar("_Value")


class Knob(Generic[_Value]):
    """A fault as an attribute: the value that was set, or ``off``.

    Arguments:
        off: the value when the fault is off.
        written: returns the fault in the form of ``--fault``.
    """

    def __init__(self, off: _Value, written: Callable[[_Value], str]) -> None:
        self._off = off
        self._written = written
        self._name = ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, faults: None, owner: type) -> Self: ...

    @overload
    def __get__(self, faults: Faults, owner: type) -> _Value: ...

    def __get__(self, faults: Faults | None, owner: type) -> Self | _Value:
        if faults is None:
            return self
        found: _Value = faults.values.get(self._name, self._off)
        return found

    def __set__(self, faults: Faults, value: _Value) -> None:
        is_off = value is None or value == self._off
        faults.put(self._name, "" if is_off else self._written(value))
        faults.values[self._name] = self._off if is_off else value


def _seconds(value: float) -> str:
    return f"{value:.6f}s"


def _delay(value: float | tuple[float, float]) -> str:
    middle, spread = value if isinstance(value, tuple) else (value, 0.0)
    return f"delay={_seconds(middle)}±{_seconds(spread)}"


def _slice(value: int | tuple[int, float]) -> str:
    size, gap = value if isinstance(value, tuple) else (value, 0.0)
    return f"slice={size}/{_seconds(gap)}"


class Faults:
    """The faults of one direction, or of both.

    Each attribute raises UsageError (a ValueError) for an invalid value.
    """

    #: Seconds by which everything is delayed; or these, and the seconds by which they vary.
    delay = Knob[float | tuple[float, float]](0.0, _delay)
    #: The limit of bytes a second.
    rate = Knob[float](0.0, lambda value: f"rate={value:.3f}")
    #: The size in bytes of the pieces in which data arrives; or this, and the seconds between them.
    slice = Knob[int | tuple[int, float]](0, _slice)
    #: The share of changed bytes, from 0 to 1.
    corrupt = Knob[float](0.0, lambda value: f"corrupt={value:.9f}")
    #: After so many bytes of a connection: FIN, RST, or no more bytes; None is off.
    cut_after = Knob["int | None"](None, lambda value: f"cut-after={value}")
    reset_after = Knob["int | None"](None, lambda value: f"reset-after={value}")
    stall_after = Knob["int | None"](None, lambda value: f"stall-after={value}")
    #: RST instead of FIN; no FIN; FIN ends both directions; everything is lost.
    reset_at_eof = Knob[bool](False, lambda _: "reset-at=eof")
    drop_fin = Knob[bool](False, lambda _: "drop-fin")
    no_half_close = Knob[bool](False, lambda _: "no-half-close")
    blackhole = Knob[bool](False, lambda _: "blackhole")
    #: For datagrams: a share, from 0 to 1, is lost, arrives twice, or is overtaken by the next one;
    #: the bytes of each datagram after so many are lost (None is off).
    loss = Knob[float](0.0, lambda value: f"loss={value:.9f}")
    duplicate = Knob[float](0.0, lambda value: f"duplicate={value:.9f}")
    reorder = Knob[float](0.0, lambda value: f"reorder={value:.9f}")
    truncate = Knob["int | None"](None, lambda value: f"truncate={value}")

    def __init__(self, way: str, relay: RelayThread) -> None:
        self.values: dict[str, Any] = {}
        self._way = way
        self._relay = relay
        self._numbers: dict[str, int] = {}

    def put(self, name: str, fault: str) -> None:
        """Replace the fault that has this name; ``""`` switches it off."""
        if fault:
            # Raise errors before anything changes.
            parse_fault(fault, "faulty").check(self._relay.place, "faulty")
        before = self._numbers.pop(name, None)
        spoiled = self._relay.spoiled

        def replace() -> int | None:
            # The new one first, so that there is no moment without a fault.
            number = spoiled.add(f"{self._way} {fault}") if fault else None
            if before is not None:
                spoiled.remove(before)
            return number

        number = self._relay.call(replace)
        if number is not None:
            self._numbers[name] = number

    def forget(self) -> None:
        """Forget all values: all faults are switched off."""
        self._numbers.clear()
        self.values.clear()


class FaultyLink(Faults, Closing):
    """A line to a server; see pync.faulty(). Its own attributes set faults of both directions."""

    def __init__(self, relay: RelayThread) -> None:
        super().__init__("both", relay)
        #: The faults of the clients' data, and of the server's data.
        self.up = Faults(UP, relay)
        self.down = Faults(DOWN, relay)
        #: The address to which clients connect.
        self.address = relay.address

    def __str__(self) -> str:
        return str(self.address)

    @property
    def host(self) -> str:
        """The host to connect to."""
        return self.address.host

    @property
    def port(self) -> int:
        """The port to connect to."""
        return int(self.address.service)

    @property
    def path(self) -> str:
        """The path of the Unix socket to connect to."""
        return self.address.path

    @property
    def connections(self) -> list[dict[str, Any]]:
        """The open connections: ``number``, ``peer``, ``target``, bytes ``sent`` and so on."""
        found: list[dict[str, Any]] = self._relay.call(self._relay.spoiled.listing)["connections"]
        return found

    @property
    def faults(self) -> list[str]:
        """The faults that are on, in the form of ``--fault``."""
        listed = self._relay.call(self._relay.spoiled.listing)["faults"]
        return [one["fault"] for one in listed]

    def add(self, fault: str) -> int:
        """Switch a fault on, in the form of ``--fault``; return its number. Raises UsageError."""
        return self._relay.call(lambda: self._relay.spoiled.add(fault))

    def remove(self, number: int) -> None:
        """Switch a fault of add() off. Raises UsageError when no fault has this number."""
        self._relay.call(lambda: self._relay.spoiled.remove(number))

    def clear(self) -> None:
        """Switch all faults off."""
        self._relay.call(lambda: self._relay.spoiled.remove(None))
        for faults in (self, self.up, self.down):
            faults.forget()

    def cut(self, number: int | None = None) -> None:
        """End a connection by FIN to both sides; None: all. Bytes on the way are lost."""
        self._relay.call(lambda: self._relay.spoiled.kill(number, "fin"))

    def reset(self, number: int | None = None) -> None:
        """End a connection by RST to both sides; None: all."""
        self._relay.call(lambda: self._relay.spoiled.kill(number, "rst"))

    def stop_listening(self) -> None:
        """Refuse new connections; open ones stay."""
        self._relay.call(lambda: self._relay.spoiled.listens(False))

    def listen_again(self) -> None:
        """Accept new connections at the same address. Raises UsageError when it is in use."""
        self._relay.call(lambda: self._relay.spoiled.listens(True))

    def close(self) -> None:
        """End all connections by RST, and stop listening. Idempotent."""
        self._relay.close()


def faulty(
    target: str, listen: str | None = None, *, faults: Iterable[str] = (), seed: int = 1
) -> FaultyLink:
    """Return a line to a server with faults: delayed, slowed down, cut, reset, stalled.

    Arguments:
        target: the server's address, as for dial (tcp, unix; udp, unixgram).
        listen: the address to which clients connect or send; port 0 is any free one
            (``link.port``). None: a free port of 127.0.0.1.
        faults: the faults at the start, in the form of ``pync --fault``.
        seed: the seed of all random choices: the same seed affects the same bytes, or datagrams,
            in the same way.

    Raises ListenError, UsageError.
    """
    where, secured = to_dial(target)
    place = DATAGRAMS if where.scheme in OF_DATAGRAMS else STREAMS
    if listen is None:
        listen = "udp://127.0.0.1:0" if place == DATAGRAMS else "tcp://127.0.0.1:0"
    entrance, secures = to_listen(listen)
    if secured or secures:
        raise UsageError("a faulty link carries TLS as it is: give tcp:// addresses")
    if (where.scheme in OF_DATAGRAMS) != (entrance.scheme in OF_DATAGRAMS):
        raise UsageError(f"a faulty link cannot join {entrance} to {where}: one is of datagrams")
    parsed = tuple(parse_fault(fault, "fault") for fault in faults)
    for fault in parsed:
        fault.check(place, "fault")
    setup = FaultSetup(parsed, seed, place=place)
    return FaultyLink(RelayThread(where, entrance, setup))
