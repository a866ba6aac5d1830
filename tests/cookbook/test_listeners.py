"""Recipes: proxies, forwarding, listeners and dialogues."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.targets.ports import reserved_port

from ..frames import BINARY, asks, frame, masked
from ..peer import DEADLINE, Peer, Server, connected
from ..programs import Program, is_bound, needs, until
from .conftest import Run, is_up
from .recipes import RECIPES


def test_every_recipe_has_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    assert len(RECIPES) >= 30
    untested = [title for title in RECIPES if f'"{title}"' not in tests]
    # (tests/windows tests the recipes for Windows.)
    assert [title for title in untested if "Windows" not in title] == []


def test_go_through_a_socks_proxy(run: Run, server: Server, port: int) -> None:
    is_up(port, run("Be a proxy", {"1080": port}, line=0))
    words = {"1080": port, "localhost": "127.0.0.1", "db.internal 5432": f"127.0.0.1 {server.port}"}
    client = run("Go through a SOCKS proxy", words)
    converse(client, server)


def test_go_through_several_hosts(run: Run, server: Server, port: int) -> None:
    with reserved_port() as inner:
        is_up(port, run("Be a proxy", {"3128": port}, line=1))
        is_up(inner, run("Be a proxy", {"1080": inner}, line=0))
        words = {
            "gate.example:3128": f"127.0.0.1:{port}",
            "inner.example:1080": f"127.0.0.1:{inner}",
            "db.internal 5432": f"127.0.0.1 {server.port}",
        }
        converse(run("Go through several hosts", words), server)


def converse(client: Program, server: Server) -> None:
    """Exchange a question and its answer, and end both sides normally."""
    client.write(b"question\n")
    peer = server.accepts()
    peer.hears(b"question\n")
    peer.says(b"answer\n")
    assert client.read(7) == b"answer\n"
    client.end_input()
    peer.hears_end()
    peer.closes()
    client.ends(0)


def test_ssh_through_a_proxy(run: Run, sh: Run, server: Server, port: int) -> None:
    """Run the ProxyCommand as ssh does: replace %h and %p, and run the line in a shell."""
    is_up(port, run("Be a proxy", {"1080": port}, line=0))
    lines = RECIPES["SSH and git through a proxy"]
    commands = [re.findall(r"ProxyCommand='([^']+)'", line)[0] for line in lines]
    assert commands[1] == commands[0].replace("socks5://localhost:1080", "http://localhost:3128")
    command = commands[0].replace("%h", "127.0.0.1").replace("%p", str(server.port))
    converse(sh(f"exec {command.replace('localhost:1080', f'127.0.0.1:{port}')}"), server)


def test_be_a_proxy_for_curl(run: Run, sh: Run, server: Server, port: int) -> None:
    needs("curl")
    with reserved_port() as other:
        is_up(port, run("Be a proxy", {"1080": port}, line=0))
        is_up(other, run("Be a proxy", {"3128": other}, line=1))
        for option in (f"--socks5-hostname 127.0.0.1:{port}", f"--proxy http://127.0.0.1:{other}"):
            curl = sh(f"exec curl -s {option} http://127.0.0.1:{server.port}/")
            peer = server.accepts()
            peer.hears(b"GET / HTTP/1.1\r\n")
            peer.says(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes")
            assert curl.rest() == b"yes"
            peer.closes()
            curl.ends(0)


def test_forward_a_port(run: Run, server: Server, port: int) -> None:
    words = {"15432": port, "db.internal:5432": f"127.0.0.1:{server.port}"}
    is_up(port, run("Forward a port", words))
    passes_on(port, server.accepts)


def test_forward_a_port_to_a_unix_socket(run: Run, folder: Path, port: int) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.settimeout(DEADLINE)
        listener.bind(str(folder / "app.sock"))
        listener.listen()
        words = {"8080": port, "/run/app.sock": folder / "app.sock"}
        is_up(port, run("Forward a port to a Unix socket", words))
        passes_on(port, lambda: Peer(listener.accept()[0]))


def test_let_browsers_reach_a_tcp_server(run: Run, server: Server, port: int) -> None:
    pytest.importorskip("wsproto", reason="wsproto is not installed")
    words = {"ws://:6080": f"ws://127.0.0.1:{port}", "localhost:5900": f"127.0.0.1:{server.port}"}
    is_up(port, run("Let browsers reach a TCP server", words))
    with connected(port) as page:
        assert asks(page, b"/", b"Origin: https://novnc.example.org").endswith(
            b"101 Switching Protocols"
        )
        page.says(masked(BINARY, b"question"))
        behind = server.accepts()
        behind.hears(b"question")
        behind.says(b"answer")
        page.hears(frame(BINARY, b"answer"))


def test_speak_tls_on_either_side(run: Run, server: Server, pem: Path, port: int) -> None:
    title = "Speak TLS for a server that does not, and for a client that does not"
    with reserved_port() as secured:
        # The relay of the plain client uses TLS to the relay of the plain server.
        ends = {"8443": secured, "localhost:8080": f"127.0.0.1:{server.port}"}
        is_up(secured, run(title, {"cert.pem": pem, "key.pem": pem, **ends}, line=0))
        words = {"15432": port, "db.internal:5432": f"localhost:{secured}", "ca.pem": pem}
        is_up(port, run(title, words, line=1))
        passes_on(port, server.accepts)


def test_tell_the_server_who_the_client_is(run: Run, server: Server, port: int) -> None:
    words = {"8080": port, "app.internal:80": f"127.0.0.1:{server.port}"}
    is_up(port, run("Tell the server behind who the client is", words))
    with connected(port):
        server.accepts().hears(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\1\x7f\0\0\1")


def test_record_what_passes(run: Run, folder: Path, server: Server, port: int) -> None:
    words = {"8080": port, "localhost:80": f"127.0.0.1:{server.port}"}
    is_up(port, run("Record what passes, a file for each connection", words))
    passes_on(port, server.accepts)
    (dump,) = folder.glob("dump-*")
    assert re.fullmatch(r"dump-[12]-127\.0\.0\.1-\d+", dump.name)
    assert b" > " in dump.read_bytes()


def passes_on(port: int, accepts: Callable[[], Peer]) -> None:
    """Check that data and FIN pass through the port in both directions."""
    with connected(port) as client:
        client.says(b"question\n")
        behind = accepts()
        behind.hears(b"question\n")
        client.half_closes()
        behind.hears_end()
        behind.says(b"answer\n")
        behind.closes()
        assert client.hears_rest() == b"answer\n"


def test_reach_a_machine_that_cannot_be_connected_to(run: Run, server: Server, port: int) -> None:
    title = "Reach a machine that cannot be connected to"
    outside = is_up(port, run(title, {"9000": port}, line=0))
    words = {
        "outside.example 9000": f"127.0.0.1 {port}",
        "localhost 6379": f"127.0.0.1 {server.port}",
    }
    inside = run(title, words, line=1)
    converse(outside, server)
    inside.ends(0)


def test_see_what_a_client_sends(run: Run, folder: Path, port: int) -> None:
    is_up(port, run("See what a client sends", {"8080": port}))
    with connected(port) as client:
        client.says(b"GET /secret\r\n")
        dump = folder / "dump.txt"
        until(lambda: dump.exists() and "GET./secret" in dump.read_text(), "the dump")


def test_server_with_fixed_answers(run: Run, port: int) -> None:
    is_up(port, run("A server with fixed answers, for tests", {"9000": port}))
    with connected(port) as first, connected(port) as second:
        second.says(b"two\n")
        assert second.hears_rest() == b"OK two\n"
        first.says(b"one\n")
        assert first.hears_rest() == b"OK one\n"


def test_wait_for_a_signal_from_another_machine(run: Run, port: int) -> None:
    program = is_up(port, run("Wait for a signal from another machine", {"9000": port}))
    with connected(port) as client:
        client.says(b"ready\n")
        assert program.rest() == b"go on\n"
        program.ends(0)


def test_chat(run: Run, port: int) -> None:
    is_up(port, run("A chat", {"9000": port}))
    with connected(port) as ada, connected(port) as bob:
        bob.says(b"hello\n")
        assert b"hello" in ada.hears_to(b"hello\n", 1)


def test_send_each_client_s_data_to_all_the_others(run: Run, port: int) -> None:
    is_up(port, run("Send each client's data to all the others", {"9000": port}))
    with connected(port) as ada, connected(port) as bob:
        ada.says(b"from ada\n")
        bob.hears(b"from ada\n")
        bob.says(b"from bob\n")
        ada.hears(b"from bob\n")


def test_let_in_only_some_hosts(run: Run, port: int) -> None:
    words = {"9000": port, "10.0.0.0/8,localhost": "10.0.0.0/8,127.0.0.1"}
    is_up(port, run("Let in only some hosts", words))
    with connected(port) as allowed:
        allowed.says(b"hello\n")
        allowed.hears(b"hello\n")
    with socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0)) as other:
        refused = Peer(other)
        assert refused.hears_rest() == b""


def test_log_in_to_a_router(run: Run, folder: Path, server: Server) -> None:
    (folder / "router.txt").write_text('expect "login: "\nsend "admin\\r\\n"\nend\n')
    client = run("Log in to a router", {"192.0.2.1 23": f"127.0.0.1 {server.port}"})
    peer = server.accepts()
    peer.says(b"login: ")
    peer.hears(b"admin\r\n")
    peer.closes()
    client.ends(0)
    assert is_bound(int(server.port))
