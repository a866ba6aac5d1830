"""The arguments and the environment of a command, and its start."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.errors import ExecError
from pync.transports.process import variables, words_of

from ...systems import only_posix


@only_posix
def test_words_of() -> None:
    assert words_of("a 'b c'  $d ; e", shell=False) == ["a", "b c", "$d", ";", "e"]
    assert words_of("a | b", shell=True) == ["/bin/sh", "-c", "a | b"]
    for wrong in ("", "  ", "'a"):
        with pytest.raises(ExecError):
            words_of(wrong, shell=False)


def test_environment_of_a_child() -> None:
    here, there = Address("udp", "::1", "9"), Address("udp", "::2", "10")
    assert variables(here, there) == {
        "NCAT_LOCAL_ADDR": "::1",
        "NCAT_LOCAL_PORT": "9",
        "NCAT_PROTO": "UDP",
        "NCAT_REMOTE_ADDR": "::2",
        "NCAT_REMOTE_PORT": "10",
    }
