"""The onward connection of a client: the first target that answers, with TLS if requested."""

from __future__ import annotations

from pync.core.address import Address
from pync.core.errors import DialError, TlsError
from pync.core.events import Event
from pync.core.server_events import Unverified
from pync.engine.loop import Loop
from pync.engine.resolver import Resolver
from pync.programs.relay.onward import Onward, OnwardDial, OnwardSetup
from pync.transports import Options

from ....peer import Server, listening

CLIENT = Address("tcp", "127.0.0.1", "1")


def here(port: object, scheme: str = "tcp") -> Address:
    return Address(scheme, "127.0.0.1", str(port))


def dialled(setup: OnwardSetup) -> OnwardDial:
    over: list[OnwardDial] = []
    with Loop() as loop, Resolver(loop) as resolver:
        onward = Onward(setup, lambda _: None)
        dial = OnwardDial(onward, loop, resolver, CLIENT, CLIENT, over.append)
        dial.start()
        loop.run_while(lambda: not over)
    if dial.conn is not None:
        dial.conn.close()
    return dial


def test_first_target_that_answers_is_used(closed_port: int) -> None:
    with listening() as target:
        targets = (here(closed_port), Address("unix", path="/nowhere"), here(target.port))
        dial = dialled(OnwardSetup(targets, Options(timeout=10)))
        assert dial.conn is not None
        assert (dial.target, dial.handshake) == (targets[2], None)
        assert dial.lookup is not None
        assert dial.connect is not None


def test_last_failure_is_reported_if_no_target_answers(closed_port: int) -> None:
    dial = dialled(OnwardSetup((here("1"), here(closed_port)), Options(timeout=10)))
    assert isinstance(dial.failure, DialError)
    assert dial.failure.address == here(closed_port)


def securing(target: Server, seconds: float, *, verify: bool = True) -> OnwardSetup:
    from pync.transports.tls.handshake import Security

    security = Security(timeout=seconds, verify=verify)
    return OnwardSetup((here(target.port, "tls"),), Options(timeout=10), security)


def test_silent_tls_server_times_out() -> None:
    with listening() as target:
        dial = dialled(securing(target, 0.05))
        assert isinstance(dial.failure, TlsError)
        assert dial.failure.cause == "the handshake timed out"


def test_missing_verification_is_reported_once() -> None:
    with listening() as target:
        events: list[Event] = []
        Onward(securing(target, 1, verify=False), events.append)
        assert events == [Unverified(here(target.port, "tls"))]


def test_stop_closes_the_connection_and_calls_no_callback(closed_port: int) -> None:
    with listening() as target, Loop() as loop, Resolver(loop) as resolver:
        # (This must be a name, because an address may be connected to at once.)
        named = Address("tcp", "localhost", str(target.port))
        setup = OnwardSetup((named, here(closed_port)))
        over: list[OnwardDial] = []
        onward = Onward(setup, lambda _: None)
        dial = OnwardDial(onward, loop, resolver, CLIENT, CLIENT, over.append)
        dial.start()
        dial.stop()
        dial.stop()
        done: list[bool] = []
        loop.call_later(0.02, lambda: done.append(True))
        loop.run_while(lambda: not done)
        assert not over


def test_round_robin() -> None:
    targets = (here("1"), here("2"), here("3"))
    onward = Onward(OnwardSetup(targets, balance="round-robin"), lambda _: None)
    firsts = [onward.targets()[0].service for _ in range(4)]
    assert firsts == ["1", "2", "3", "1"]
    # The others are tried when the first does not answer.
    assert [one.service for one in onward.targets()] == ["2", "3", "1"]


def test_random_balance() -> None:
    targets = (here("1"), here("2"))
    onward = Onward(OnwardSetup(targets, balance="random"), lambda _: None)
    assert {onward.targets()[0].service for _ in range(100)} == {"1", "2"}
    always = Onward(OnwardSetup(targets), lambda _: None)
    assert {always.targets()[0].service for _ in range(100)} == {"1"}
