"""The command line of the embedded servers: it starts a server.

It does not import argparse or re: every scenario starts a new server, so a fast start matters.
"""

import signal
import sys

from .service import Service
from .serving import Server

#: The argument that starts a process that forks servers (forkserver.py).
FORK_SERVER = "--fork-server"

#: The characters that may follow a backslash in a value, besides another backslash and xNN.
ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0"}
ESCAPES |= {b"a": b"\a", b"b": b"\b", b"v": b"\v", b"f": b"\f", b'"': b'"'}


def main(argv: "list[str]", services: "dict[str, type[Service]]") -> int:
    """Serve until SIGTERM or SIGINT; return the exit status: 1 cannot listen, 2 usage."""
    if argv == [FORK_SERVER]:
        from .forkserver import fork_servers

        return fork_servers(lambda words: main(words, services))
    try:
        service, address, settings = _read(argv, services)
        server = (service.server_class or Server)(address, service, settings)
    except ValueError as error:
        print(f"server: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"server: listen {address}: {error.strerror or error}", file=sys.stderr)
        return 1
    with server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: server.request_stop())
        # If a signal comes just before select() sleeps, its handler is called only with the next
        # event, which may never come: so the signal also writes a byte.
        signal.set_wakeup_fd(server.wake_fd, warn_on_full_buffer=False)
        try:
            print(f"LISTENING {server.address}", flush=True)
            server.run()
        finally:
            signal.set_wakeup_fd(-1)
        return server.status


def _read(
    argv: "list[str]", services: "dict[str, type[Service]]"
) -> "tuple[type[Service], str, dict[str, bytes]]":
    if len(argv) < 2:
        raise ValueError("usage: server.py PROFILE ADDRESS [key=value ...]")
    name, address, *words = argv
    if name not in services:
        raise ValueError(f"unknown service {name!r} (known: {', '.join(services)})")
    service = services[name]
    return service, address, settings_of(name, service, words)


def settings_of(name: str, service: "type[Service]", words: "list[str]") -> "dict[str, bytes]":
    """Return the texts of a service from the command line; ValueError for an unknown text."""
    settings = dict(service.defaults)
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in settings:
            raise ValueError(f"{word!r}: {name} takes {', '.join(settings)}")
        settings[key] = unescape(value)
    service.check(settings)
    return settings


def unescape(text: str) -> bytes:
    r"""Return the bytes of a value with C escapes (``\n \r \t \0 \\ \xNN``); other text is UTF-8.

    Raises ValueError for any other escape.
    """
    plain, *pieces = text.encode("utf-8", "surrogateescape").split(b"\\")
    value = bytearray(plain)
    rest = iter(pieces)
    for piece in rest:
        if not piece:  # two backslashes: the text after the second is plain again
            following = next(rest, None)
            if following is None:
                raise ValueError(f"{text!r}: a lone backslash".replace("\\\\", "\\"))
            value += b"\\" + following
        elif piece[:1] in ESCAPES:
            value += ESCAPES[piece[:1]] + piece[1:]
        elif piece[:1] == b"x" and len(piece) > 2 and piece[1:3].isalnum():
            value.append(int(piece[1:3], 16))
            value += piece[3:]
        else:
            raise ValueError(f"{text!r}: unknown escape".replace("\\\\", "\\"))
    return bytes(value)
