"""WebSockets with other programs: Python's websockets, node's ws, nginx, and a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from conformance.targets.ports import reserved_port

from ..peer import DEADLINE
from ..programs import PYNC, Program, is_bound, needs, until

pytest.importorskip("wsproto", reason="wsproto is not installed")

#: Where Debian keeps node's ws.
NODE_WS = Path("/usr/share/nodejs/ws")

Start = Callable[..., Program]


@pytest.fixture
def pync() -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda *words: stack.enter_context(Program(*PYNC, *map(str, words)))


def port_of(listener: Program) -> int:
    return int(listener.hears(rb"Listening on \S+ (\d+)\n").group(1))


# The Python package websockets.


@contextmanager
def websockets_server(handler: Callable[[Any], None], **options: Any) -> Iterator[int]:
    """Run a server in a thread; yield its port."""
    pytest.importorskip("websockets", reason="websockets is not installed")
    from websockets.sync.server import serve

    with serve(handler, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.socket.getsockname()[1]
        server.shutdown()
        thread.join(DEADLINE)


def echoes(connection: Any) -> None:
    for message in connection:
        connection.send(message)


@pytest.mark.parametrize("deflate", [[], ["--ws-deflate"]])
def test_websocket_server(pync: Start, deflate: list[str]) -> None:
    with websockets_server(echoes, max_size=None) as port:
        client = pync(*deflate, f"ws://127.0.0.1:{port}")
        long = "ä long line ".encode() * 50_000
        client.write(b"one\n\xff\n\n")
        client.shows(b"one\n\xff\n\n")
        threading.Thread(target=client.write, args=(long + b"\n",)).start()
        assert client.read(len(long) + 1) == long + b"\n"
        client.end_input()
        client.ends(0)


def test_websocket_server_pings_and_closes(pync: Start) -> None:
    def handler(connection: Any) -> None:
        assert connection.ping().wait(DEADLINE)
        connection.send(iter(["in ", "frag", "ments"]))
        connection.close(4321, "enough")

    with websockets_server(handler) as port:
        client = pync("-v", f"ws://127.0.0.1:{port}")
        assert client.rest() == b"in fragments\n"
        assert client.ends(1).endswith(b": the peer closed it with 4321: enough\n")


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_websocket_client(pync: Start, compression: str | None) -> None:
    pytest.importorskip("websockets", reason="websockets is not installed")
    from websockets.sync.client import connect

    listener = pync("-lkv", "ws://127.0.0.1:0", "--exec=cat")
    address = f"ws://127.0.0.1:{port_of(listener)}/"
    with connect(address, compression=compression, max_size=None) as connection:
        for message in ("text", "ü" * 100_000, b"\xff\xfe", ""):
            connection.send(message)
            assert connection.recv(DEADLINE) == message
        connection.send(iter([b"\xff in ", b"pieces"]))
        assert connection.recv(DEADLINE) == b"\xff in pieces"
        assert connection.ping().wait(DEADLINE)
    assert connection.close_code == 1000


def test_relay_between_a_websocket_client_and_server(pync: Start) -> None:
    pytest.importorskip("websockets", reason="websockets is not installed")
    from websockets.exceptions import ConnectionClosedError
    from websockets.sync.client import connect

    def handler(connection: Any) -> None:
        with suppress(ConnectionClosedError):
            echoes(connection)
        closes.append((connection.close_code, connection.close_reason))

    closes: list[tuple[int, str]] = []
    with websockets_server(handler, max_size=None, subprotocols=["chat"]) as port:
        relay = pync("-lkv", "--subprotocol=chat", "ws://127.0.0.1:0", f"ws://127.0.0.1:{port}/")
        address = f"ws://127.0.0.1:{port_of(relay)}/"
        with connect(address, max_size=None, subprotocols=["chat"]) as connection:  # type: ignore[list-item]
            assert connection.subprotocol == "chat"
            for message in ("text", b"", "", b"\xff\xfe", "ü" * 1_000_000, b"\0" * 3_000_000):
                connection.send(message)
                assert connection.recv(DEADLINE) == message
            connection.send(iter([b"\xff in ", b"pieces"]))
            assert connection.recv(DEADLINE) == b"\xff in pieces"
            connection.close(4321, "enough")
        assert connection.close_code == 4321
        relay.hears(rb" closed: ")
        until(lambda: closes, "the server to get the close")
    assert closes == [(4321, "enough")]


# node's ws.


def needs_node_ws() -> None:
    needs("node")
    if not NODE_WS.exists():
        pytest.skip("node-ws is missing (Debian: node-ws)")


def node(script: str, *words: object) -> Program:
    return Program("node", "-e", script, *map(str, words))


def test_node_server(pync: Start) -> None:
    needs_node_ws()
    script = """
        const { WebSocketServer } = require('/usr/share/nodejs/ws');
        const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true });
        server.on('listening', () => console.log(server.address().port));
        server.on('connection', socket => {
            socket.on('message', (data, binary) => socket.send(data, { binary }));
            socket.on('close', code => { console.log('closed', code); server.close(); });
        });
    """
    with node(script) as server:
        port = int(server.shows(b"\n"))
        client = pync("--ws-deflate", f"ws://127.0.0.1:{port}")
        client.write(b"from pync\n" + b"z" * 70_000 + b"\n")
        assert client.read(70_011) == b"from pync\n" + b"z" * 70_000 + b"\n"
        client.end_input()
        client.ends(0)
        assert server.rest() == b"closed 1000\n"
        server.ends(0)


def test_node_client(pync: Start) -> None:
    needs_node_ws()
    listener = pync("-lv", "ws://127.0.0.1:0")
    script = """
        const WebSocket = require('/usr/share/nodejs/ws');
        const socket = new WebSocket(process.argv[1]);
        socket.on('open', () => { socket.ping('x'); socket.send('from node'); });
        socket.on('pong', data => socket.send('pong ' + data));
        socket.on('message', (data, binary) => {
            console.log(String(data), binary);
            socket.close();
        });
        socket.on('close', code => console.log('closed', code));
    """
    with node(script, f"ws://127.0.0.1:{port_of(listener)}/") as client:
        listener.shows(b"from node\npong x\n")
        listener.write(b"from pync\n")
        assert client.rest() == b"from pync false\nclosed 1005\n"
        client.ends(0)
        listener.ends(0)


# nginx as a reverse proxy.


def test_relay_between_a_node_client_and_server(pync: Start) -> None:
    needs_node_ws()
    serves = """
        const {WebSocketServer} = require(process.argv[1]);
        const server = new WebSocketServer({port: 0, host: "127.0.0.1"}, () =>
            console.log(server.address().port));
        server.on("connection", one => {
            one.on("message", (data, binary) => one.send(data, {binary}));
            one.on("close", (code, reason) => console.log("server", code, String(reason)));
        });
    """
    asks = """
        const WebSocket = require(process.argv[1]);
        const one = new WebSocket(process.argv[2]);
        let left = 3;
        one.on("open", () => {
            one.send("text"); one.send(Buffer.from([255, 0])); one.send("x".repeat(1 << 20));
        });
        one.on("message", (data, binary) => {
            console.log(binary ? "binary" : "text", data.length);
            if (!--left) one.close(1008, "not allowed");
        });
        one.on("close", (code, reason) => console.log("client", code, String(reason)));
    """
    with node(serves, NODE_WS) as server:
        port = int(server.shows(b"\n"))
        relay = pync("-lkv", "ws://127.0.0.1:0", f"ws://127.0.0.1:{port}/")
        with node(asks, NODE_WS, f"ws://127.0.0.1:{port_of(relay)}/") as client:
            assert client.rest().decode().splitlines() == [
                "text 4",
                "binary 2",
                f"text {1 << 20}",
                "client 1008 not allowed",
            ]
            client.ends(0)
        assert server.shows(b"\n") == b"server 1008 not allowed\n"


def test_through_nginx(pync: Start, tmp_path: Path) -> None:
    needs("nginx")
    listener = pync("-lkv", "ws://127.0.0.1:0/behind", "--exec=cat")
    temporary = "".join(
        f"{name}_temp_path {tmp_path}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    upgrade = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;"
    with reserved_port() as port:
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/log;"
            f"events {{}} http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{port};"
            f"location /ws {{ {upgrade} proxy_set_header Connection upgrade;"
            f"proxy_pass http://127.0.0.1:{port_of(listener)}/behind; }}"
            f"location /moved {{ return 301 /ws; }} }} }}"
        )
        words = ("nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"))
        with Program(*words) as proxy:
            until(lambda: is_bound(port), "nginx to listen", proxy)
            client = pync(f"ws://127.0.0.1:{port}/ws")
            client.write(b"there and back\n")
            client.shows(b"there and back\n")
            client.end_input()
            client.ends(0)
            moved = pync(f"ws://127.0.0.1:{port}/moved")
            assert b"the server answered 301 Moved Permanently, and sends to" in moved.ends(1)
            missing = pync(f"ws://127.0.0.1:{port}/no")
            assert b"the server answered 404 Not Found\n" in missing.ends(1)


# A browser.

PAGE = """
<script>
const socket = new WebSocket("%s", ["chat"]);
socket.onopen = () => socket.send("hello from a page");
socket.onmessage = event => { socket.send("got " + event.data); socket.close(1000, "done"); };
</script>
"""


def test_page_in_a_browser(pync: Start, tmp_path: Path) -> None:
    needs("chromium")
    listener = pync("-lv", "--origin=null", "--subprotocol=chat", "ws://127.0.0.1:0")
    (tmp_path / "page.html").write_text(PAGE % f"ws://127.0.0.1:{port_of(listener)}/page")
    browser = Program(
        *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *(f"--user-data-dir={tmp_path}/profile", f"file://{tmp_path}/page.html"),
    )
    with browser:
        listener.shows(b"hello from a page\n")
        listener.write(b"question\n")
        listener.hears(rb"WebSocket closed with 1000 \(normal closure\): done\n")
        assert listener.rest() == b"got question\n"
        listener.ends(0)
