"""``-t`` compared with nc and ncat: the same options are refused with the same bytes."""

from __future__ import annotations

import select

import pytest

from ..peer import STALLED, connected, listening
from ..programs import PYNC, Program, is_bound, listening_pync, needs, until

#: Bytes from the host -> (the answer, the text that remains).
SAID = {
    "DO": (b"\xff\xfd\x01", b"\xff\xfc\x01"),
    "WILL": (b"\xff\xfb\x03", b"\xff\xfe\x03"),
    "several": (b"\xff\xfd\x18\xff\xfd\x20\xff\xfb\x01", b"\xff\xfc\x18\xff\xfc\x20\xff\xfe\x01"),
}

#: Dialect -> its command line as a client that answers TELNET options.
WORDS = {"nc": ["-N", "-t"], "ncat": ["-t"]}


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("dialect", WORDS)
def test_options_are_refused_as_by_nc_and_ncat(dialect: str, said: str) -> None:
    asked, answer = SAID[said]
    for command in ([needs(dialect)], [*PYNC, f"--as={dialect}"]):
        words = [*command, *WORDS[dialect], "127.0.0.1"]
        with listening() as server, Program(*words, server.port) as program:
            peer = server.accepts()
            peer.says(asked)
            peer.hears(answer)
            program.end_input()
            peer.hears_end()
            peer.closes()
            program.ends(0)


@pytest.mark.parametrize("words", [["--as=nc"], ["--as=ncat"], []], ids=["nc", "ncat", "pync"])
def test_no_option_is_left_in_the_output(words: list[str]) -> None:
    with listening() as server, Program(*PYNC, *words, "-t", "127.0.0.1", server.port) as ours:
        peer = server.accepts()
        peer.says(b"log\xff")
        peer.says(b"\xfd")
        peer.says(b"\x18in\xff\xff: ")
        assert ours.read(8) == b"login\xff: "
        peer.hears(b"\xff\xfc\x18")
        ours.end_input()
        peer.closes()
        assert ours.rest() == b""


@pytest.mark.parametrize("command", ["ncat", "ours"])
def test_command_of_ncat_gets_telnet_unchanged(command: str) -> None:
    words = [needs("ncat")] if command == "ncat" else [*PYNC, "--as=ncat"]
    with listening() as server:
        with Program(*words, "-t", "-e", "/bin/cat", "127.0.0.1", server.port) as program:
            peer = server.accepts()
            peer.says(b"a\xff\xfd\x01b\xff\xff\n")
            peer.hears(b"a\xff\xfd\x01b\xff\xff\n")
            peer.closes()
            program.ends(None)


@pytest.mark.parametrize("command", ["ncat", "ours"])
def test_ncat_s_broker_relays_telnet_unchanged(command: str, port: int) -> None:
    words = [needs("ncat")] if command == "ncat" else [*PYNC, "--as=ncat"]
    with Program(*words, "-t", "-l", "--broker", "127.0.0.1", str(port)) as program:
        until(lambda: is_bound(port), "the broker to listen", program)
        with connected(port) as one, connected(port) as other:
            # Data of one client reaches the other as soon as both are connected.
            while not select.select([other.sock], [], [], STALLED)[0]:
                one.says(b"?")
            line = b"a\xff\xfd\x01b\xff\xff\n"
            one.says(line)
            heard = b""
            while not heard.endswith(b"\n"):
                heard += other.sock.recv(100)
            assert heard.lstrip(b"?") == line


def test_listener_answers() -> None:
    ours, port = listening_pync("-t")
    with ours, connected(port) as peer:
        peer.says(b"a\xff\xfd\x01b")
        assert ours.read(2) == b"ab"
        peer.hears(b"\xff\xfc\x01")
        ours.end_input()
        peer.hears_end()
        peer.half_closes()
        ours.ends(0)
