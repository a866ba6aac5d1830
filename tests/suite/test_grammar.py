"""The TARGET grammar: every form, and one clear line for each invalid TARGET."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.core.verdict import WrongUsage
from conformance.targets.address import PIPE, Address, parse
from conformance.targets.grammar import (
    INETD,
    INHERITS,
    AddressTarget,
    CommandTarget,
    MutantTarget,
    ReferenceTarget,
    fill,
    parse_settings,
    parse_target,
    unescape,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tcp://127.0.0.1:9000", Address("tcp", "127.0.0.1", 9000)),
        ("tcp://localhost:1", Address("tcp", "localhost", 1)),
        ("tcp://[::1]:65535", Address("tcp6", "::1", 65535)),
        ("tls://localhost:443", Address("tls", "localhost", 443)),
        ("tls://[::1]:443", Address("tls", "::1", 443)),
        ("udp://localhost:53", Address("udp", "localhost", 53)),
        ("udp://[::1]:53", Address("udp6", "::1", 53)),
        ("unix:/run/a b.sock", Address("unix", path="/run/a b.sock")),
    ],
)
def test_address_round_trip(text: str, address: Address) -> None:
    assert parse(text) == address
    assert str(address) == text
    assert parse_target(text) == AddressTarget(address)


def test_embedded_servers() -> None:
    assert parse_target("ref:node") == ReferenceTarget("node")
    assert parse_target("mutant:half-open/closes-at-fin") == MutantTarget(
        "half-open", "closes-at-fin"
    )


def test_command_is_split_like_in_a_shell() -> None:
    target = parse_target("node 'my server.js' --port {port} --name=\"a b\"")
    assert isinstance(target, CommandTarget)
    assert target.words == ("node", "my server.js", "--port", "{port}", "--name=a b")
    assert target.placeholders == {"port"}


def test_way_a_command_gets_its_connections() -> None:
    target = parse_target("inetd:cat -u")
    assert target == CommandTarget(("cat", "-u"), frozenset(), INETD)
    target = parse_target("fd:./server {profile}")
    assert target == CommandTarget(("./server", "{profile}"), frozenset({"profile"}), INHERITS)
    for text in ("inetd:", "fd: "):
        with pytest.raises(WrongUsage, match="names no command"):
            parse_target(text)


def test_only_known_placeholders_are_filled_in() -> None:
    words = ("-e", "function(){port}", "{port}", "{other}", "x={host}:{port}")
    assert fill(words, {"port": "80", "host": "h"}) == [
        "-e",
        "function()80",
        "80",
        "{other}",
        "x=h:80",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="only where there are none")
def test_named_pipes_are_windows_own() -> None:
    for text in ("pipe:x", r"\\.\pipe\x"):
        with pytest.raises(WrongUsage, match="named pipes exist on Windows only"):
            parse_target(text)


def test_name_of_a_pipe() -> None:
    for text in ("pipe:x y", r"\\.\pipe\x y", r"\\.\PIPE\x y"):
        assert parse(text) == Address(PIPE, path="x y")
    assert str(Address(PIPE, path="x")) == "pipe:x"
    for text in ("pipe:", "\\\\.\\pipe\\"):
        with pytest.raises(WrongUsage, match="the pipe's name is missing"):
            parse(text)


@given(st.text())
def test_any_text_is_a_target_or_wrong_usage(text: str) -> None:
    try:
        target = parse_target(text)
    except WrongUsage:
        return
    assert isinstance(target, (AddressTarget, CommandTarget, MutantTarget, ReferenceTarget))


def test_settings_hold_c_escapes_and_semicolons() -> None:
    assert parse_settings(r"greeting=Hello client!\n;token=A\x42\101\;C") == {
        "greeting": b"Hello client!\n",
        "token": b"ABA;C",
    }
    assert parse_settings("") == {}
    assert parse_settings("reply=é=ü") == {"reply": "é=ü".encode()}


@given(st.binary())
def test_escape_round_trip(data: bytes) -> None:
    from conformance.core.transcript import escape

    assert unescape(escape(data)) == data
