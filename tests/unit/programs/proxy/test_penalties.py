"""Penalties for wrong passwords."""

from __future__ import annotations

from pync.programs.proxy import penalties as module
from pync.programs.proxy.penalties import BURST, REMEMBERED, SECONDS, UNDELAYED, Penalties


class Guesses:
    """Tries of passwords with a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.looked_at = 0
        self.penalties = Penalties(lambda: self.now)

    def guess(self, host: str, *, right: bool = False) -> bool:
        def fits() -> bool:
            self.looked_at += 1
            return right

        return self.penalties.judge(host, fits)


def test_number_of_checked_passwords_is_limited() -> None:
    guesses = Guesses()
    for _ in range(10 * BURST):
        assert not guesses.guess("192.0.2.1")
    assert guesses.looked_at == BURST
    # Not even the right password is checked now; otherwise guessing without waiting would work.
    assert not guesses.guess("192.0.2.1", right=True)
    assert guesses.guess("192.0.2.2", right=True)
    guesses.now += SECONDS
    assert not guesses.guess("192.0.2.1")
    assert not guesses.guess("192.0.2.1", right=True)
    guesses.now += SECONDS
    assert guesses.guess("192.0.2.1", right=True)


def test_first_refusals_are_not_delayed() -> None:
    guesses = Guesses()
    delays = []
    for _ in range(2 * BURST):
        guesses.guess("192.0.2.1")
        delays.append(guesses.penalties.delay("192.0.2.1"))
    assert delays == [0.0] * UNDELAYED + [SECONDS] * (2 * BURST - UNDELAYED)
    assert guesses.penalties.delay("192.0.2.2") == 0
    guesses.now += BURST * SECONDS
    guesses.guess("192.0.2.1")
    assert guesses.penalties.delay("192.0.2.1") == 0


def test_right_passwords_have_no_penalty() -> None:
    guesses = Guesses()
    for _ in range(10 * BURST):
        assert guesses.guess("192.0.2.1", right=True)


def test_addresses_of_one_network_count_as_one_host() -> None:
    guesses = Guesses()
    for number in range(BURST):
        assert not guesses.guess(f"2001:db8::{number:x}")
    assert not guesses.guess("2001:db8:0:0:ffff::", right=True)
    assert guesses.guess("2001:db8:0:1::", right=True)
    for _ in range(BURST):
        assert not guesses.guess("::ffff:192.0.2.1")
    assert not guesses.guess("192.0.2.1", right=True)
    for host in ("", "fe80::1%eth0", "2"):
        assert guesses.guess(host, right=True)


def test_number_of_remembered_hosts_is_bounded() -> None:
    guesses = Guesses()
    for number in range(REMEMBERED + 50):
        guesses.guess(f"10.{number >> 8}.{number & 255}.1")
    assert len(guesses.penalties._until) == REMEMBERED
    guesses.now += 2 * module.SECONDS
    guesses.guess("192.0.2.1")
    assert len(guesses.penalties._until) == 1
