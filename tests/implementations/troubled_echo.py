"""Echo servers with a problem: the suite must report it, stop the server, and exit.

python troubled_echo.py TROUBLE PORT
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

NEVER = threading.Event()
trouble, port = sys.argv[1], int(sys.argv[2])


def serve(conn: socket.socket) -> None:
    with conn:
        try:
            while data := conn.recv(65536):
                conn.sendall(data)
        except OSError:
            pass


def flood() -> None:
    while True:
        os.write(1, b"noise " * 1000 + b"\n")


if trouble == "exits":
    sys.exit("no configuration found")
if trouble == "sleeps":
    NEVER.wait(600)
if trouble == "daemonises" and os.fork():
    os._exit(0)
if trouble == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if trouble == "announces":
    print("LISTENING tcp://127.0.0.1:" + os.environ["SOMEBODY"], flush=True)
    NEVER.wait(600)
if trouble == "mumbles":
    print("LISTENING on port 80", flush=True)
    NEVER.wait(600)
if trouble == "floods":
    threading.Thread(target=flood, daemon=True).start()
with socket.create_server(("127.0.0.1", port), backlog=128) as listener:
    served = 0
    while True:
        conn, _ = listener.accept()
        served += 1
        if trouble == "closes":
            conn.close()
            continue
        if trouble == "dies" and served > 3:
            os._exit(7)
        threading.Thread(target=serve, args=(conn,), daemon=True).start()
