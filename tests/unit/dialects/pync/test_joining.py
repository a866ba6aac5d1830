"""Two addresses on one command line: which pairs a relay connects, and which are rejected."""

from __future__ import annotations

import os
import shutil
from types import SimpleNamespace

import pytest

from pync.core.config import AWAITING_ANSWER
from pync.core.endings import Endings
from pync.core.errors import UsageError
from pync.dialects.pync import joining, parse


@pytest.mark.parametrize(
    ("words", "near", "onward"),
    [
        ("-lk tcp://:8080 tcp://db:5432", "tcp://:8080", "tcp://db:5432"),
        ("-l unix:/run/app.sock tcp://host:80", "unix:/run/app.sock", "tcp://host:80"),
        ("-l unix:@app unix:/b", "unix:@app", "unix:/b"),
        ("tcp://a:1 tcp://b:2", "tcp://a:1", "tcp://b:2"),
        ("-lk 8080 --to unix:/run/app.sock", "tcp://:8080", "unix:/run/app.sock"),
        ("-lk 8080 db:5432", "tcp://:8080", "tcp://db:5432"),
        ("-lk 127.0.0.1 8080 tls://db:5432", "tcp://127.0.0.1:8080", "tls://db:5432"),
        ("-lk 8080 --to db:5432 --to-ssl", "tcp://:8080", "tls://db:5432"),
        ("-lk 8080 --to db:5432 --to-insecure", "tcp://:8080", "tls://db:5432"),
        ("-lk tls://:8080 tcp://[::1]:2", "tcp://:8080", "tcp://[::1]:2"),
        ("-lkU /run/a tcp://h:1", "unix:/run/a", "tcp://h:1"),
        ("-lk fd:3 tcp://h:1", "fd:3", "tcp://h:1"),
        ("-lk systemd: --to unix:/b", "systemd:", "unix:/b"),
        ("-lk ws://:80/x tcp://h:1", "ws://:80/x", "tcp://h:1"),
        ("-lk wss://:443 unix:/b --origin=*", "wss://:443", "unix:/b"),
        ("-lk 1 ws://h/x --header a:b", "tcp://:1", "ws://h:80/x"),
        ("-lk 1 --to ws://h/x --to-ssl", "tcp://:1", "wss://h:80/x"),
        ("-lk 1 --to wss://h/x --to-insecure", "tcp://:1", "wss://h:443/x"),
        ("-l 1 --proxy p:1 ws://h:1", "tcp://:1", "ws://h:1"),
        ("ws://a:1 ws://b:2", "ws://a:1", "ws://b:2"),
        ("-l 1 --proxy socks5://p:1 tcp://h:1", "tcp://:1", "tcp://h:1"),
    ],
)
def test_joined_addresses(words: str, near: str, onward: str) -> None:
    config = parse(words.split())
    assert config.program == "relay"
    assert (str(config.address), [str(one) for one in config.onward]) == (near, [onward])


def test_several_onward_addresses() -> None:
    config = parse(["-lk", "1", "--to", "a:1", "--to", "unix:/b"])
    assert [str(one) for one in config.onward] == ["tcp://a:1", "unix:/b"]
    config = parse(["-lk", "1", "tcp://a:1", "--to", "tcp://b:2"])
    assert [str(one) for one in config.onward] == ["tcp://a:1", "tcp://b:2"]


@pytest.mark.parametrize(
    ("words", "program", "near", "command"),
    [
        ("-lk 8080 --to exec:cat", "executor", "tcp://:8080", "cat"),
        ("tcp://h:1 exec:cat", "executor", "tcp://h:1", "cat"),
        ("exec:cat tcp://h:1", "executor", "tcp://h:1", "cat"),
        ("- tcp://h:1", "client", "tcp://h:1", None),
        ("tcp://h:1 -", "client", "tcp://h:1", None),
        ("-l 8080 --to -", "server", "tcp://:8080", None),
    ],
)
def test_exec_and_standard_streams_need_no_relay(
    words: str, program: str, near: str, command: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # (On Windows the command is missing, which is an error.)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    config = parse(words.split())
    assert (config.program, str(config.address), config.exec) == (program, near, command)
    assert not config.onward


@pytest.mark.parametrize(
    ("words", "near", "onward"),
    [
        ("-luk 1 h:2", "udp://:1", "udp://h:2"),
        ("-lk udp://:1 h:2", "udp://:1", "udp://h:2"),
        ("-lk udp4://:1 --to udp6://h:2", "udp4://:1", "udp6://h:2"),
        ("-lkuU /a unixgram:/b", "unixgram:/a", "unixgram:/b"),
        ("-lk unixgram:/a --to h:2", "unixgram:/a", "udp://h:2"),
        ("udp://a:1 udp://b:2", "udp://a:1", "udp://b:2"),
        ("-lk fd:3 udp://b:2", "fd:3", "udp://b:2"),
        ("-luk systemd: b:2", "systemd:", "udp://b:2"),
        ("-lk systemd:dns unixgram:/b", "systemd:dns", "unixgram:/b"),
    ],
)
def test_datagrams_are_relayed_as_datagrams(words: str, near: str, onward: str) -> None:
    config = parse(words.split())
    assert config.program == "relay"
    assert (str(config.address), str(config.onward[0])) == (near, onward)
    assert config.udp or near.startswith(("udp", "unixgram"))


@pytest.mark.parametrize("words", ["exec:cat h:1", "- h:1", "exec:cat --to tcp://h:1"])
def test_to_ssl_options_with_a_command_or_stdio_apply_to_the_client(words: str) -> None:
    words = words.replace("h:1", "tcp://h:1") if "--to" not in words else words
    config = parse([*words.split(), "--to-ssl-trustfile=ca", "--to-ssl-servername=name"])
    assert config.ssl
    assert (config.ssl_trustfile, config.ssl_servername) == ("ca", "name")
    assert not config.to_ssl
    assert parse([*words.split(), "--to-ssl"]).ssl


def test_faults_must_fit_streams_or_datagrams() -> None:
    assert parse(["-luk", "1", "h:2", "--fault", "loss=5%"]).faults[0].name == "loss"
    with pytest.raises(UsageError, match="--fault: slice cannot happen to datagrams; what can: de"):
        parse(["-luk", "1", "h:2", "--fault", "slice=1"])
    with pytest.raises(UsageError, match="--fault: loss cannot happen to streams; what can: delay"):
        parse(["-lk", "1", "h:2", "--fault", "loss=5%"])


def test_endings_of_a_relay() -> None:
    plain = parse(["-lk", "1", "tcp://h:1"])
    assert plain.endings == Endings(on_peer_end="stay", truncated_ends=False, whole=True)
    # A server stops sending its answer when it receives close_notify.
    assert parse(["-lk", "1", "tls://h:1"]).endings.eof_after == AWAITING_ANSWER
    assert parse(["-lk", "1", "tcp://h:1", "-w3"]).endings.idle == 3
    # With SCTP, the kernel of the peer answers SHUTDOWN by itself (RFC 9260 9.2).
    assert parse(["-lk", "1", "sctp://h:1"]).endings.eof_after == AWAITING_ANSWER
    assert parse(["sctp://h:1"]).endings.eof_after == AWAITING_ANSWER
    onward = parse(["-lk", "1", "ws://h:1"]).endings
    assert (onward.eof_after, onward.on_peer_end) == (AWAITING_ANSWER, "waiting")
    near = parse(["-lk", "ws://:1", "h:1"]).endings
    assert (near.eof_after, near.on_peer_end) == (None, "stay")
    assert near.quit_after == joining.AFTER_CLOSE
    assert parse(["-N", "sctp://h:1"]).endings.eof_after is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "-lk 1 --to udp://h:1",
            "cannot join tcp://:1 to udp://h:1: a stream does not keep datagrams apart; "
            "if that does not matter: pync -lk tcp://:1 --exec 'pync udp://h:1'",
        ),
        (
            "unixgram:/a unix:/b",
            "cannot join unixgram:/a to unix:/b: a stream does not keep datagrams apart; "
            "if that does not matter: pync unixgram:/a --exec 'pync unix:/b'",
        ),
        (
            "-luk 1 --to h:1 --if-refused close",
            "cannot use --if-refused with udp://:1: it is for streams",
        ),
        (
            "-lk 1 --to vsock://x:1",
            "cannot go on to vsock://x:1: a CID and a port of vsock are numbers",
        ),
        (
            "-lk 1 --to vsock://2:4294967296",
            "'4294967296' is not a valid port (0-4294967295)",
        ),
        (
            "-lk fd:3 --to h:1 --to udp://h:1",
            "cannot join fd:3 to tcp://h:1: a stream does not keep datagrams apart; "
            "if that does not matter: pync -lk fd:3 --exec 'pync tcp://h:1'",
        ),
        (
            "-lk unixgram:/a --to h:1 --workers=2",
            "cannot use --workers with unixgram:/a: it is one socket, and a peer's datagrams would"
            " come to any worker",
        ),
        (
            "-lk systemd: --to udp://h:1 --workers=2",
            "cannot use --workers with systemd:: it is one socket, and a peer's datagrams would"
            " come to any worker",
        ),
        ("-lku fd:3", "cannot use -u with fd:3"),
        (
            "-lk 1 --to fd:3",
            "cannot go on to fd:3, a listening socket: pync -lk fd:3 ONWARD",
        ),
        ("-lk 1 --to h", "--to: 'h' is not an address: write HOST:PORT or unix:PATH"),
        ("-lk 1 --to tcp://:1", "tcp://:1 has no host to connect to"),
        ("-lk 1 --to unix:/a --to-ssl", "cannot use TLS onward with unix:/a"),
        ("-lk 1 --to a:1 --to exec:cat", "'exec:cat' stands alone: give one onward address"),
        ("-lk 1 --to exec:cat -e cat", "two commands, --exec and 'exec:cat': give one"),
        ("exec:cat exec:cat x", "'exec:cat' is joined to one address: pync - tcp://HOST:PORT"),
        ("-lk 1 --to a:1 --exec cat", "cannot use --exec between two addresses"),
        ("-lk 1 --to a:1 --until x", "cannot use --until between two addresses"),
        ("-lk 1 --to a:1 --send-only", "cannot use --send-only between two addresses"),
        (
            "-lk 1 --to unix:/a --proxy p:1",
            "--proxy leads to tcp://, tls://, ws:// and wss:// only",
        ),
        (
            "-lk 1 --to a:1 --ws-text",
            "--ws-text needs a WebSocket (ws://HOST:PORT), not tcp://:1",
        ),
        ("-lk ws://:1 --to a:1 --delimiter x", "cannot use --delimiter between two addresses"),
        ("-lk 1 --if-refused close", "--if-refused needs an address to go on to: --to ADDRESS"),
        ("-lk 1 --to a:1 --if-refused no", "--if-refused: 'no' is neither reset nor close"),
        ("-lk 1 --to a:1 --to-ssl-key k", "--to-ssl-key needs --to-ssl-cert"),
        ("h 1 --to-ssl", "--to-ssl needs an address to go on to: --to ADDRESS"),
    ],
)
def test_invalid_pairs_and_options(words: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(words.split())
    assert str(raised.value) == said


@pytest.mark.skipif(os.name == "nt", reason="not on Windows")
def test_named_pipes_need_windows() -> None:
    for words in (["-lk", "1", "--to", "pipe:x"], ["-lk", "pipe:x", "h:1"]):
        with pytest.raises(UsageError, match="cannot join pipe:x: named pipes exist on Windows"):
            parse(words)


def test_byte_pipe_has_no_half_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "os", SimpleNamespace(name="nt"))
    near, far = parse(["-lk", "pipe:x", "h:1"]).endings, parse(["-lk", "1", "pipe:x"]).endings
    assert (near.on_peer_end, near.eof_after, near.whole) == ("leave", None, True)
    assert (far.on_peer_end, far.eof_after, far.whole) == ("stay", AWAITING_ANSWER, True)
    messages = parse(["-lk", "pipe:x", "pipe:y", "--pipe-mode=message"]).endings
    assert (messages.on_peer_end, messages.eof_after) == ("stay", None)
