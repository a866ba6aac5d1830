"""The numbers of TELNET."""

from __future__ import annotations

from pync.layers.telnet_protocol import DO, NAWS, OPTIONS, VERBS, command, subnegotiation


def test_commands_and_subnegotiations_as_bytes() -> None:
    assert command(DO, NAWS) == b"\xff\xfd\x1f"
    assert subnegotiation(NAWS, b"\x00\xff\x00\x18") == b"\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0"


def test_verbs_and_unique_option_names() -> None:
    assert sorted(VERBS.values()) == [(False, False), (False, True), (True, False), (True, True)]
    assert len(set(OPTIONS.values())) == len(OPTIONS)
