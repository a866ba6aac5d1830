"""Name look-ups for a loop: addresses at once, names in threads, and no waiting for a slow one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from pync.core.address import Address
from pync.core.errors import DialError
from pync.engine import resolver as module
from pync.engine.loop import Loop
from pync.engine.resolver import AT_ONCE, FOR_ONE, Resolver
from pync.transports import DEFAULT, Options
from pync.transports.internet import Endpoint

if TYPE_CHECKING:
    from pync.engine.resolver import Found

V4 = Options(family=4)


class Lookup:
    """A resolver in a loop, and its answers."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.resolver = Resolver(self.loop)
        self.answers: dict[str, Found] = {}

    def ask(self, host: str, options: Options = V4) -> module.Lookup:
        def answered(found: Found) -> None:
            self.answers[host] = found

        return self.resolver.look_up(Address("tcp", host, "80"), options, answered)

    def answer(self, host: str) -> Found:
        self.loop.run_while(lambda: host not in self.answers)
        return self.answers[host]


@pytest.fixture
def lookup() -> Iterator[Lookup]:
    made = Lookup()
    with made.loop, made.resolver:
        yield made


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Names take until the event is set; each of them has an address then."""
    answers = threading.Event()
    there = threading.current_thread()

    def resolve(address: Address, options: Options, kind: int) -> list[Endpoint]:
        if options.numeric:
            raise DialError("dial", address, "no number")
        assert threading.current_thread() is not there
        assert answers.wait(10)
        return [Endpoint(socket.AF_INET, (address.host, 80))]

    monkeypatch.setattr(module, "resolve", resolve)
    yield answers
    answers.set()
    for thread in threading.enumerate():
        if thread.name.startswith("looks up "):
            thread.join(10)


def test_an_address_needs_no_thread(lookup: Lookup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "Thread", None)
    lookup.ask("127.0.0.1")
    assert lookup.answers == {}  # later, never from within the question
    assert lookup.answer("127.0.0.1") == [Endpoint(socket.AF_INET, ("127.0.0.1", 80))]
    lookup.ask("::1", DEFAULT)
    assert isinstance(lookup.answer("::1"), list)


def test_a_name(lookup: Lookup) -> None:
    lookup.ask("localhost")
    assert lookup.answer("localhost") == [Endpoint(socket.AF_INET, ("127.0.0.1", 80))]


def test_names_are_not_looked_up_when_they_must_not_be(lookup: Lookup) -> None:
    lookup.ask("localhost", Options(numeric=True))
    found = lookup.answer("localhost")
    assert isinstance(found, DialError)


def test_a_name_that_is_none(lookup: Lookup) -> None:
    lookup.ask("a" * 300)
    assert isinstance(lookup.answer("a" * 300), DialError)


def looking_up() -> list[str]:
    """The names for which threads ask now."""
    names = (one.name for one in threading.enumerate())
    return sorted(name.removeprefix("looks up ") for name in names if name.startswith("looks up "))


def test_a_slow_name_holds_up_no_address(lookup: Lookup, slow: threading.Event) -> None:
    for number in range(FOR_ONE + 3):
        lookup.ask(f"slow{number}")
    assert len(looking_up()) == FOR_ONE
    waiting = lookup.ask("called off")
    waiting.cancel()
    slow.set()
    for number in range(FOR_ONE + 3):
        assert lookup.answer(f"slow{number}") == [Endpoint(socket.AF_INET, (f"slow{number}", 80))]
    assert "called off" not in lookup.answers


def test_slow_names_of_one_client_leave_threads_to_others(
    lookup: Lookup, slow: threading.Event
) -> None:
    for number in range(AT_ONCE):
        lookup.ask(f"slow{number}", V4._replace(client="192.0.2.1"))
    lookup.ask("name", V4._replace(client="192.0.2.2"))
    assert "name" in looking_up()
    assert len(looking_up()) == FOR_ONE + 1
    slow.set()
    lookup.answer("name")
    lookup.answer(f"slow{AT_ONCE - 1}")


def test_clients_take_turns(
    lookup: Lookup, slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)
    for client, names in (("a", "a1 a2 a3"), ("b", "b1 b2"), ("c", "c1")):
        for name in names.split():
            lookup.ask(name, V4._replace(client=client))
    assert looking_up() == ["a1"]
    slow.set()
    lookup.answer("b2")
    assert list(lookup.answers) == ["a1", "a2", "b1", "c1", "a3", "b2"]


def test_names_of_the_machine_have_threads_of_their_own(
    lookup: Lookup, slow: threading.Event
) -> None:
    for number in range(AT_ONCE):
        lookup.ask(f"slow{number}", V4._replace(client=str(number)))
    assert len(looking_up()) == AT_ONCE
    for name in ("localhost", "LOCALHOST", "localhost."):
        lookup.ask(name, V4._replace(client="0"))
    assert {"localhost", "LOCALHOST", "localhost."} < set(looking_up())
    slow.set()
    lookup.answer("localhost.")
    lookup.answer(f"slow{AT_ONCE - 1}")


def test_an_answer_that_comes_too_late_is_nobodys(lookup: Lookup, slow: threading.Event) -> None:
    lookup.ask("late")
    lookup.resolver.close()
    lookup.resolver.close()
    slow.set()
    for thread in threading.enumerate():
        if thread.name == "looks up late":
            thread.join(10)
    assert lookup.answers == {}


def test_whatever_a_look_up_raises_is_its_answer(
    lookup: Lookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(address: Address, options: Options, kind: int) -> list[Endpoint]:
        if options.numeric:
            raise DialError("dial", address, "no number")
        raise ValueError("embedded null byte")

    monkeypatch.setattr(module, "resolve", resolve)
    # One more than are looked up at once: each gives its turn back.
    for number in range(AT_ONCE + 1):
        lookup.ask(f"name{number}")
    for number in range(AT_ONCE + 1):
        assert "embedded null byte" in str(lookup.answer(f"name{number}"))


def test_where_no_thread_can_be_started_the_others_go_on(
    lookup: Lookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        for number in range(AT_ONCE + 1):
            lookup.ask(f"name{number}")
        for number in range(AT_ONCE + 1):
            assert "can't start new thread" in str(lookup.answer(f"name{number}"))
    lookup.ask("localhost")
    assert isinstance(lookup.answer("localhost"), list)


def test_a_number_is_read_once(lookup: Lookup, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Address] = []

    def resolve(address: Address, *_: object) -> list[Endpoint]:
        asked.append(address)
        return [Endpoint(socket.AF_INET, (address.host, 80))]

    monkeypatch.setattr(module, "resolve", resolve)
    address = Address("tcp", "192.0.2.77", "80")
    found = [lookup.resolver.known(address, V4) for _ in range(3)]
    assert found == [[Endpoint(socket.AF_INET, ("192.0.2.77", 80))]] * 3
    assert asked == [address]
    # Another interface may get the number of a zone.
    zoned = Address("tcp", "fe80::1%lo", "80")
    lookup.resolver.known(zoned, DEFAULT)
    lookup.resolver.known(zoned, DEFAULT)
    assert asked == [address, zoned, zoned]


def test_a_name_is_not_kept(lookup: Lookup) -> None:
    assert lookup.resolver.known(Address("tcp", "localhost", "80"), V4) is None
