"""The constants have the numbers of the protocol; tests/interop compares them with telnetlib."""

from __future__ import annotations

from pync import telnet
from pync.layers import telnet_protocol
from pync.telnet import codes


def test_constants_have_the_numbers_of_the_protocol() -> None:
    both = set(codes.__all__) & set(vars(telnet_protocol)) - {"EOR"}
    assert {"IAC", "DO", "SB", "SE", "TTYPE", "NAWS", "LINEMODE"} <= both
    # (EOR is an option in one module, and a command in the other.)
    for name in both:
        assert getattr(codes, name) == bytes([getattr(telnet_protocol, name)]), name


def test_all_constants_are_exported() -> None:
    constants = {name for name in vars(codes) if name.isupper()} | {"theNULL"}
    assert constants == set(codes.__all__)
    assert constants < set(telnet.__all__)
    assert (telnet.TELNET_PORT, telnet.theNULL) == (23, b"\0")
