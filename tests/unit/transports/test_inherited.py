"""Listening sockets inherited from the parent process: which are accepted and which rejected."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pync.core.address import Address
from pync.core.errors import ListenError
from pync.transports import Options, dial, inherited, listen

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="signals and descriptors as POSIX has them"
)

#: Detaches a socket and returns its descriptor, left open as by a parent process.
Leave = Callable[[socket.socket], int]


@pytest.fixture
def leave() -> Iterator[Leave]:
    """Close the descriptors at the end, unless a listener has already closed them."""
    left: dict[int, tuple[int, int]] = {}

    def one(sock: socket.socket) -> int:
        number = sock.detach()
        os.set_inheritable(number, True)
        os.set_blocking(number, True)
        left[number] = identity(number)
        return number

    yield one
    for number, was in left.items():
        if identity(number) == was:
            os.close(number)


def identity(number: int) -> tuple[int, int]:
    try:
        found = os.fstat(number)
    except OSError:
        return -1, -1
    return found.st_dev, found.st_ino


def tcp() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def fd(number: int) -> Address:
    return Address("fd", path=str(number))


def test_tcp_socket(leave: Leave) -> None:
    number = leave(tcp())
    with listen(fd(number)) as listener:
        assert listener.address.scheme == "tcp"
        assert listener.address.host == "127.0.0.1"
        assert not os.get_inheritable(number)
        with dial(listener.address) as client, listener.accept(30) as server:
            assert (server.local, server.peer) == (client.peer, client.local)
            client.send_all(b"hello")
            assert server.recv(100) == b"hello"
    assert identity(number) == (-1, -1)


def test_path_of_a_unix_socket_is_not_removed(
    leave: Leave, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("s") / "socket"
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    sock.listen()
    with listen(fd(leave(sock))) as listener:
        assert listener.address == Address("unix", path=str(path))
        with dial(listener.address) as client, listener.accept(30) as server:
            client.send_all(b"hello")
            assert server.recv(100) == b"hello"
    assert path.is_socket()


def test_standard_stream_stays_open(leave: Leave, monkeypatch: pytest.MonkeyPatch) -> None:
    number = leave(tcp())
    monkeypatch.setattr(inherited, "FIRST", number + 1)
    with listen(fd(number)) as listener, dial(listener.address), listener.accept(30):
        pass
    os.fstat(number)


def invalid_sockets() -> dict[str, Callable[[], socket.socket]]:
    return {
        "is a socket for datagrams, not for connections": lambda: socket.socket(
            socket.AF_INET, socket.SOCK_DGRAM
        ),
        "is a socket that does not listen": lambda: socket.socket(socket.AF_INET),
    }


@pytest.mark.parametrize("said", invalid_sockets())
def test_socket_that_cannot_accept_connections_is_rejected(leave: Leave, said: str) -> None:
    number = leave(invalid_sockets()[said]())
    with pytest.raises(ListenError, match=rf"^listen fd:{number}: descriptor {number} {said}$"):
        listen(fd(number))
    os.fstat(number)  # it is still open


def test_descriptor_that_is_not_a_socket_is_rejected(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        number = file.fileno()
        with pytest.raises(
            ListenError, match=rf"descriptor {number}: socket operation on non-socket"
        ):
            listen(fd(number))
    with pytest.raises(ListenError, match=rf"descriptor {number}: bad file descriptor"):
        listen(fd(number))


class SystemdSockets:
    """Passes sockets with the environment variables of systemd."""

    def __init__(self, leave: Leave, monkeypatch: pytest.MonkeyPatch) -> None:
        self._leave = leave
        self._monkeypatch = monkeypatch

    def passes(self, socks: list[socket.socket], names: str = "", **other: str) -> None:
        import fcntl

        first = fcntl.fcntl(socks[0], fcntl.F_DUPFD_CLOEXEC, 200)
        os.close(first)
        for place, sock in enumerate(socks):
            with sock:
                os.dup2(sock.fileno(), first + place)
            self._leave(socket.socket(fileno=first + place))
        self._monkeypatch.setattr(inherited, "FIRST", first)
        variables = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(socks))}
        for name, value in {**variables, "LISTEN_FDNAMES": names, **other}.items():
            self._monkeypatch.setenv(name, value)


@pytest.fixture
def systemd(leave: Leave, monkeypatch: pytest.MonkeyPatch) -> SystemdSockets:
    return SystemdSockets(leave, monkeypatch)


def ports(socks: list[socket.socket]) -> list[int]:
    return [sock.getsockname()[1] for sock in socks]


def test_all_systemd_sockets_are_one_listener(systemd: SystemdSockets) -> None:
    socks = [tcp(), tcp()]
    expected = ports(socks)
    systemd.passes(socks)
    with listen(Address("systemd")) as listener, ExitStack() as stack:
        assert [one.port for one in listener.addresses] == expected
        for address in reversed(listener.addresses):
            client = stack.enter_context(dial(address))
            assert stack.enter_context(listener.accept(30)).peer == client.local


def test_systemd_sockets_of_one_name(systemd: SystemdSockets) -> None:
    socks = [tcp(), tcp(), tcp()]
    first, _, third = ports(socks)
    systemd.passes(socks, "web:admin:web")
    with listen(Address("systemd", path="web")) as listener:
        assert [one.port for one in listener.addresses] == [first, third]


@pytest.mark.parametrize(
    ("path", "variables", "said"),
    [
        ("db", {}, r"no socket of this name was passed \(there are: web\)"),
        ("db", {"LISTEN_FDNAMES": ""}, r"\(there are: none has a name\)"),
        ("", {"LISTEN_PID": "1"}, r"passed to another process \(LISTEN_PID is '1'\)"),
        ("", {"LISTEN_FDS": "0"}, r"no socket was passed \(LISTEN_FDS is '0'\)"),
        ("", {"LISTEN_FDS": "-1"}, r"no socket was passed \(LISTEN_FDS is '-1'\)"),
        ("", {"LISTEN_FDS": "2147483000"}, r"descriptor \d+: bad file descriptor"),
    ],
)
def test_invalid_systemd_variables(
    systemd: SystemdSockets, path: str, variables: dict[str, str], said: str
) -> None:
    systemd.passes([tcp()], **{"names": "web", **variables})
    with pytest.raises(ListenError, match=said):
        listen(Address("systemd", path=path))


def test_missing_systemd_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LISTEN_FDS", raising=False)
    with pytest.raises(ListenError, match=r"no socket was passed .* are not set"):
        listen(Address("systemd"))


def test_all_sockets_stay_open_if_one_is_rejected(systemd: SystemdSockets) -> None:
    systemd.passes([tcp(), socket.socket(socket.AF_INET)])
    with pytest.raises(ListenError, match=r"does not listen \(its unit needs Accept=no\)"):
        listen(Address("systemd"))
    os.fstat(inherited.FIRST)


def udp(host: str = "127.0.0.1") -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, 0))
    return sock


DATAGRAMS = Options(datagrams=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_datagram_socket_is_not_connected(leave: Leave, host: str) -> None:
    sock = udp(host)
    with sock.dup() as other, listen(fd(leave(sock)), DATAGRAMS) as listener:
        assert listener.address.scheme == "udp"
        address = listener.address._replace(host="127.0.0.1")
        with dial(address) as client:
            client.send_all(b"hello")
            with listener.accept(30) as server:
                assert server.recv(100) == b"hello"
                server.send_all(b"answer")
                assert client.recv(100, timeout=30) == b"answer"
        # The next owner of the socket can receive from all senders.
        with pytest.raises(OSError, match="not connected"):
            other.getpeername()


def test_unix_datagram_socket(leave: Leave, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("s") / "socket"
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(path))
    with listen(fd(leave(sock)), DATAGRAMS) as listener:
        assert listener.address == Address("unixgram", path=str(path))
        with dial(listener.address) as client:
            client.send_all(b"hello")
            with listener.accept(30) as server, dial(listener.address) as second:
                second.send_all(b"it is not refused")
                assert server.recv(100) == b"hello"
                server.send_all(b"answer")
                assert client.recv(100, timeout=30) == b"answer"
    assert path.is_socket()


def invalid_datagram_sockets() -> dict[str, Callable[[], socket.socket]]:
    return {
        "is a socket for connections, not for datagrams": tcp,
        "is not bound": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    }


@pytest.mark.parametrize("said", invalid_datagram_sockets())
def test_socket_that_cannot_receive_datagrams_is_rejected(leave: Leave, said: str) -> None:
    number = leave(invalid_datagram_sockets()[said]())
    with pytest.raises(ListenError, match=rf"^listen fd:{number}: descriptor {number} {said}$"):
        listen(fd(number), DATAGRAMS)
    os.fstat(number)


def test_all_datagram_sockets_are_one_listener(systemd: SystemdSockets) -> None:
    socks = [udp(), udp()]
    expected = ports(socks)
    systemd.passes(socks)
    with listen(Address("systemd"), DATAGRAMS) as listener:
        assert [one.port for one in listener.addresses] == expected


def test_unix_and_udp_sockets_cannot_be_one_listener(
    systemd: SystemdSockets, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(tmp_path_factory.mktemp("s") / "socket"))
    systemd.passes([udp(), sock])
    with pytest.raises(ListenError, match=r"all must be UDP's: systemd:NAME$"):
        listen(Address("systemd"), DATAGRAMS)
    os.fstat(inherited.FIRST)
