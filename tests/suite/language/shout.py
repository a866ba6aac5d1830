"""A right server for shout.toml: each line comes back in upper case."""

from __future__ import annotations

import socketserver
import sys


class Shout(socketserver.StreamRequestHandler):
    """One client."""

    def handle(self) -> None:
        """Greet, and answer each line."""
        self.wfile.write(b"HELLO, I am shouter\r\n")
        try:
            for line in self.rfile:
                self.wfile.write(line.upper())
        except ConnectionError:
            pass


class Server(socketserver.ThreadingTCPServer):
    """Many clients at a time, and the port again after a restart."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Shout) as server:
        server.serve_forever()
