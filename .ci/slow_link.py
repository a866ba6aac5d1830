"""The reference servers behind a bad link: 300 ms later, or byte by byte. Nobody is accused.

    python .ci/slow_link.py [PROFILE ...]

The link is a relay of our own: FIN stays FIN, RST stays RST, each when its time has come, and
a side that is not read is not read from.
"""

from __future__ import annotations

import queue
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable

#: Seconds that each direction is late: together they make 300 ms.
LATE = 0.15

#: Bytes of each direction that travel one by one; a megabyte so would take an hour.
SINGLE = 4096

#: Pieces under way in one direction at most.
DEPTH = 64

PROFILES = ("echo", "greet", "quit", "half-open", "reset", "hello", "discard", "chat", "crud")

_ABORT = struct.pack("ii", 1, 0)
_FIN, _RST = b"", None


class Link:
    """Listens in front of a server, and passes everything on in its own way.

    Arguments:
        port: the server's.
        late: seconds of delay, each way.
        single: whether bytes travel one by one.
    """

    def __init__(self, port: int, late: float, single: bool) -> None:
        self._port, self._late, self._single = port, late, single
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._port))
        over = threading.Barrier(2, action=lambda: (client.close(), server.close()))
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for source, sink in ((client, server), (server, client)):
            pieces: queue.Queue[tuple[float, bytes | None]] = queue.Queue(DEPTH)
            for work in (self._read, self._write):
                words = (source, pieces) if work == self._read else (source, sink, pieces, over)
                threading.Thread(target=work, args=words, daemon=True).start()

    def _read(self, source: socket.socket, pieces: queue.Queue[tuple[float, bytes | None]]) -> None:
        while True:
            try:
                data: bytes | None = source.recv(16384)
            except OSError:
                data = _RST
            pieces.put((time.monotonic() + self._late, data))
            if not data:
                return

    def _write(
        self,
        source: socket.socket,
        sink: socket.socket,
        pieces: queue.Queue[tuple[float, bytes | None]],
        over: threading.Barrier,
    ) -> None:
        left = SINGLE if self._single else 0
        try:
            while True:
                due, data = pieces.get()
                time.sleep(max(0.0, due - time.monotonic()))
                if data is _RST:
                    raise ConnectionResetError
                if data == _FIN:
                    sink.shutdown(socket.SHUT_WR)
                    over.wait()
                    return
                for number in range(min(left, len(data))):
                    sink.send(data[number : number + 1])
                sink.sendall(data[left:])
                left = max(0, left - len(data))
        except (OSError, threading.BrokenBarrierError):
            # What one side has broken off is broken off on the other.
            over.abort()
            for end in (sink, source):
                try:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
                    end.shutdown(socket.SHUT_RD)
                except OSError:
                    pass
                end.close()


def main(profiles: list[str]) -> int:
    """Judge each profile over each link; returns how many verdicts were wrong."""
    wrong = 0
    for profile in profiles or PROFILES:
        for name, late, single in (("300 ms", LATE, False), ("1 byte", 0.0, True)):
            began = time.monotonic()
            status, said = _judged(profile, lambda port: Link(port, late, single))  # noqa: B023
            print(
                f"{profile} over {name}: exit {status} in {time.monotonic() - began:.0f} s",
                flush=True,
            )
            if status:
                wrong += 1
                print(said)
    return wrong


def _judged(profile: str, link: Callable[[int], Link]) -> tuple[int, str]:
    words = [sys.executable, "conformance/reference/python/server.py", profile, "tcp://127.0.0.1:0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline().rpartition(":")[2])
            target = f"tcp://127.0.0.1:{link(port).port}"
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "conformance", "run", target),
                    *(f"--profile={profile}", "--report=build/slow-link"),
                ],
                capture_output=True,
                text=True,
                timeout=900,
            )
            return done.returncode, done.stdout + done.stderr
        finally:
            server.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
