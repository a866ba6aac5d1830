"""The constants, against the protocol's numbers; tests/interop compares them with telnetlib."""

from __future__ import annotations

from pync import telnet
from pync.layers import telnet_protocol
from pync.telnet import codes


def test_the_constants_are_the_protocol_s_numbers() -> None:
    both = set(codes.__all__) & set(vars(telnet_protocol)) - {"EOR"}
    assert {"IAC", "DO", "SB", "SE", "TTYPE", "NAWS", "LINEMODE"} <= both
    # (EOR is an option here, and a command there.)
    for name in both:
        assert getattr(codes, name) == bytes([getattr(telnet_protocol, name)]), name


def test_the_module_has_them_all() -> None:
    constants = {name for name in vars(codes) if name.isupper()} | {"theNULL"}
    assert constants == set(codes.__all__)
    assert constants < set(telnet.__all__)
    assert (telnet.TELNET_PORT, telnet.theNULL) == (23, b"\0")
