"""A real telnet on a terminal connects to pync; the test types at both."""

from __future__ import annotations

import pexpect
import pytest

from conformance.clients.terminal import hang_up

from ..programs import listening_pync, needs

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_telnet_talks_to_a_listening_pync() -> None:
    command = needs("telnet")
    ours, port = listening_pync()
    with ours:
        person = pexpect.spawn(command, ["127.0.0.1", str(port)], timeout=30)
        try:
            person.delaybeforesend = None
            person.expect_exact(b"Escape character is '^]'.\r\n")
            person.send(b"hello\r")
            assert ours.read(7) == b"hello\r\n"
            ours.write(b"good day\n")
            person.expect_exact(b"good day\r\n")
            ours.end_input()
            person.expect_exact(b"Connection closed by foreign host.\r\n")
            person.expect(pexpect.EOF)
        finally:
            hang_up(person)
        ours.ends(0)
