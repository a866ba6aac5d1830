"""A correct server for shout.toml: it returns each line in upper case.

``QUIT`` is answered by ``BYE`` and FIN, ``RESET`` by RST.
"""

from __future__ import annotations

import os
import socket
import socketserver
import struct
import sys

ABORT = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Shout(socketserver.StreamRequestHandler):
    """One client."""

    def handle(self) -> None:
        """Send the greeting, and answer each line."""
        self.wfile.write(b"HELLO, I am shouter\r\n")
        try:
            for line in self.rfile:
                if line == b"RESET\n":
                    self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
                    self.request.close()
                    return
                self.wfile.write(b"BYE\n" if line == b"QUIT\n" else line.upper())
                if line == b"QUIT\n":
                    return
        except ConnectionError:
            pass


class Server(socketserver.ThreadingTCPServer):
    """Serves many clients in parallel, and can bind its port again directly after a restart."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        """Close the connection; one that was reset is closed already."""
        if request.fileno() != -1:
            super().shutdown_request(request)


class Datagrams(socketserver.BaseRequestHandler):
    """Answers one datagram in upper case."""

    def handle(self) -> None:
        """Answer it."""
        data, sock = self.request
        sock.sendto(data.upper(), self.client_address)


if __name__ == "__main__":
    where = ("127.0.0.1", int(sys.argv[1]))
    with (
        socketserver.UDPServer(where, Datagrams) if "udp" in sys.argv else Server(where, Shout)
    ) as server:
        server.serve_forever()
