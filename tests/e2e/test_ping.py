"""--ping: one line per connection, a summary, and the exit status."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from ..peer import Server
from ..programs import listening_pync
from .conftest import Start

LINE = rb"127\.0\.0\.1 \d+: (\d) connect \d+\.\d{3} ms\n"
DONE = rb"127\.0\.0\.1 \d+: (\d) sent, (\d) connected, (\d) refused, (\d) lost \((\d+)% loss\)"
TIMES = rb"; connect min/avg/max/jitter (\d+\.\d{3}/){3}\d+\.\d{3} ms\n"


def test_count(pync: Start, server: Server) -> None:
    program = pync("--ping", "--count=3", "-i", "10ms", "127.0.0.1", server.port)
    for _ in range(3):
        server.accepts().hears_end()
    assert re.fullmatch(rb"(" + LINE + rb"){3}" + DONE + TIMES, program.rest())
    assert program.ends(0) == b""


def test_closed_port(pync: Start, closed_port: str) -> None:
    program = pync("--ping", "--count=2", "-i", "0", "127.0.0.1", closed_port)
    shown = program.rest().splitlines()
    assert re.fullmatch(rb"\S+ \d+: 1 connection refused \(\d+\.\d{3} ms\)", shown[0])
    found = re.fullmatch(DONE, shown[2])
    assert found is not None
    assert found.groups() == (b"2", b"0", b"2", b"0", b"0")
    program.ends(1)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_signal_prints_the_summary(
    pync: Start, server: Server, number: signal.Signals, status: int
) -> None:
    program = pync("--ping", "-i", "10ms", "127.0.0.1", server.port)
    program.shows(b": 2 connect ")
    program.process.send_signal(number)
    assert re.search(DONE + TIMES + rb"\Z", program.rest())
    program.ends(status)


def test_as_json(pync: Start, server: Server) -> None:
    program = pync("--ping", "--count=1", "--json", "localhost", server.port)
    server.accepts()
    each, done = [json.loads(line) for line in program.rest().splitlines()]
    assert (each["event"], each["state"], each["number"]) == ("pinged", "connected", 1)
    assert each["lookup"] > 0
    assert each["connect"] > 0
    assert each["handshake"] is None
    assert (done["event"], done["sent"], done["connected"]) == ("pings_done", 1, 1)
    assert done["average"] == each["connect"]


def test_tls_handshake_time(pync: Start) -> None:
    listener, port = listening_pync("-k", "--ssl")
    with listener:
        program = pync("--ping", "--count=2", "-i", "0", "--insecure", "localhost", port)
        assert re.match(
            rb"\S+ \d+: 1 lookup \S+ ms, connect \S+ ms, TLS \S+ ms\n"
            rb"\S+ \d+: 2 connect \S+ ms, TLS \S+ ms\n",
            program.rest(),
        )
        assert program.ends(0).count(b"is not verified") == 1
        program = pync("--ping", "--count=1", "--ssl", "localhost", port)
        assert b": 1 certificate verify failed: self-signed certificate\n" in program.rest()
        program.ends(1)


def test_through_a_proxy(pync: Start, server: Server, closed_port: str) -> None:
    proxy, port = listening_pync("-k", "--proxy-type=socks", "--allow-target=127.0.0.1")
    with proxy:
        words = ("--ping", "--count=1", f"--proxy=socks5://127.0.0.1:{port}", "127.0.0.1")
        program = pync(*words, server.port)
        server.accepts()
        assert re.match(LINE, program.rest())
        program.ends(0)
        program = pync(*words, closed_port)
        assert b": 1 proxy: connection refused\n" in program.rest()
        program.ends(1)


def test_unix_socket(pync: Start, folder: Path) -> None:
    program = pync("--ping", "--count=1", f"unix:{folder}/none")
    assert b"none: 1 no such file or directory" in program.rest()
    program.ends(1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("localhost", "1-3"), b"unknown service '1-3'"),
        (("nosuch.invalid", "1"), b"name or service not known"),
    ],
)
def test_impossible_connection_ends_at_once(
    pync: Start, words: tuple[str, ...], said: bytes
) -> None:
    assert said in pync("--ping", *words).ends(1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-u", "h", "1"), b"cannot use --ping and -u"),
        (("-l", "1"), b"cannot use --ping and -l"),
        (("-c", "3", "h", "1"), b"--ping takes --count=N, and no -c"),
        (("h:1", "--to=h:2"), b"cannot use --ping between two addresses"),
    ],
)
def test_invalid_options_are_refused(pync: Start, words: tuple[str, ...], said: bytes) -> None:
    assert said in pync("--ping", *words).ends(2)


def test_events_of_connections_contain_durations(pync: Start, server: Server) -> None:
    program = pync("--json", "-d", "localhost", server.port)
    server.accepts().closes()
    program.rest()
    (found,) = [event for event in events_of(program.ends()) if event["event"] == "connected"]
    assert found["lookup"] > 0
    assert found["connect"] > 0
    assert found["handshake"] is None


def test_events_of_a_listener_contain_the_tls_duration(pync: Start) -> None:
    listener = pync("-l", "--ssl", "--json", "127.0.0.1", "0")
    port = int(listener.hears(rb'"listening".*"port": (\d+)').group(1))
    client = pync("--insecure", "--json", "-d", "127.0.0.1", port)
    listener.write(b"x")
    listener.end_input()
    assert client.rest() == b"x"
    (ours,) = [event for event in events_of(client.ends()) if event["event"] == "connected"]
    assert ours["handshake"] > 0
    (theirs,) = [event for event in events_of(listener.ends()) if event["event"] == "accepted"]
    assert theirs["handshake"] > 0


def events_of(said: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines() if line.startswith(b"{")]
