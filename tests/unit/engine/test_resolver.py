"""Name look-ups for a loop: addresses at once, names in threads; a slow name delays no other."""

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
    """Every look-up of a name waits until the event is set, and then finds an address."""
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


def test_address_needs_no_thread(lookup: Lookup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "Thread", None)
    lookup.ask("127.0.0.1")
    assert lookup.answers == {}  # the callback is called later, never by look_up() itself
    assert lookup.answer("127.0.0.1") == [Endpoint(socket.AF_INET, ("127.0.0.1", 80))]
    lookup.ask("::1", DEFAULT)
    assert isinstance(lookup.answer("::1"), list)


def test_name(lookup: Lookup) -> None:
    lookup.ask("localhost")
    assert lookup.answer("localhost") == [Endpoint(socket.AF_INET, ("127.0.0.1", 80))]


def test_numeric_option_rejects_names(lookup: Lookup) -> None:
    lookup.ask("localhost", Options(numeric=True))
    found = lookup.answer("localhost")
    assert isinstance(found, DialError)


def test_invalid_name(lookup: Lookup) -> None:
    lookup.ask("a" * 300)
    assert isinstance(lookup.answer("a" * 300), DialError)


def looking_up() -> list[str]:
    """Return the names that threads are looking up now."""
    names = (one.name for one in threading.enumerate())
    return sorted(name.removeprefix("looks up ") for name in names if name.startswith("looks up "))


def test_slow_names_are_looked_up_a_few_at_a_time(lookup: Lookup, slow: threading.Event) -> None:
    for number in range(FOR_ONE + 3):
        lookup.ask(f"slow{number}")
    assert len(looking_up()) == FOR_ONE
    waiting = lookup.ask("called off")
    waiting.cancel()
    slow.set()
    for number in range(FOR_ONE + 3):
        assert lookup.answer(f"slow{number}") == [Endpoint(socket.AF_INET, (f"slow{number}", 80))]
    assert "called off" not in lookup.answers


def test_one_client_cannot_use_all_threads(lookup: Lookup, slow: threading.Event) -> None:
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


def test_local_names_have_their_own_threads(lookup: Lookup, slow: threading.Event) -> None:
    for number in range(AT_ONCE):
        lookup.ask(f"slow{number}", V4._replace(client=str(number)))
    assert len(looking_up()) == AT_ONCE
    for name in ("localhost", "LOCALHOST", "localhost."):
        lookup.ask(name, V4._replace(client="0"))
    assert {"localhost", "LOCALHOST", "localhost."} < set(looking_up())
    slow.set()
    lookup.answer("localhost.")
    lookup.answer(f"slow{AT_ONCE - 1}")


def test_result_after_close_is_discarded(lookup: Lookup, slow: threading.Event) -> None:
    lookup.ask("late")
    lookup.resolver.close()
    lookup.resolver.close()
    slow.set()
    for thread in threading.enumerate():
        if thread.name == "looks up late":
            thread.join(10)
    assert lookup.answers == {}


def test_exception_of_a_look_up_is_its_result(
    lookup: Lookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(address: Address, options: Options, kind: int) -> list[Endpoint]:
        if options.numeric:
            raise DialError("dial", address, "no number")
        raise ValueError("embedded null byte")

    monkeypatch.setattr(module, "resolve", resolve)
    # One more than may be looked up at once, so each thread must be released.
    for number in range(AT_ONCE + 1):
        lookup.ask(f"name{number}")
    for number in range(AT_ONCE + 1):
        assert "embedded null byte" in str(lookup.answer(f"name{number}"))


def test_thread_start_failure_is_a_result_and_does_not_block_others(
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


def test_numeric_address_is_cached(lookup: Lookup, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Address] = []

    def resolve(address: Address, *_: object) -> list[Endpoint]:
        asked.append(address)
        return [Endpoint(socket.AF_INET, (address.host, 80))]

    monkeypatch.setattr(module, "resolve", resolve)
    address = Address("tcp", "192.0.2.77", "80")
    found = [lookup.resolver.known(address, V4) for _ in range(3)]
    assert found == [[Endpoint(socket.AF_INET, ("192.0.2.77", 80))]] * 3
    assert asked == [address]
    # An address with a zone is not cached: the interface number may change.
    zoned = Address("tcp", "fe80::1%lo", "80")
    lookup.resolver.known(zoned, DEFAULT)
    lookup.resolver.known(zoned, DEFAULT)
    assert asked == [address, zoned, zoned]


def test_name_is_not_cached(lookup: Lookup) -> None:
    assert lookup.resolver.known(Address("tcp", "localhost", "80"), V4) is None
