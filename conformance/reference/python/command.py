"""The command line of the embedded servers: words in, a running server out.

No argparse: a fresh server is started for every scenario, and its start is felt.
"""

import signal
import sys

from .connection import Connection
from .serving import Server


def main(argv: "list[str]", services: "dict[str, type[Connection]]") -> int:
    """Serve until SIGTERM; returns the exit status."""
    try:
        service, address, settings = _read(argv, services)
    except ValueError as error:
        print(f"server: {error}", file=sys.stderr)
        return 2
    try:
        server = (service.server_class or Server)(address, service, settings)
    except OSError as error:
        print(f"server: listen {address}: {error.strerror or error}", file=sys.stderr)
        return 1

    def stop(_number: int, _frame: object) -> None:
        raise SystemExit(server.status_on_sigterm())

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with server:
        print(f"LISTENING {server.address}", flush=True)
        server.run()
    return 0


def _read(
    argv: "list[str]", services: "dict[str, type[Connection]]"
) -> "tuple[type[Connection], str, dict[str, bytes]]":
    if len(argv) < 2:
        raise ValueError("usage: server.py PROFILE ADDRESS [key=value ...]")
    name, address, *words = argv
    if name not in services:
        raise ValueError(f"unknown service {name!r} (known: {', '.join(services)})")
    service = services[name]
    settings = dict(service.defaults)
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in settings:
            raise ValueError(f"{word!r}: {name} takes {', '.join(settings)}")
        settings[key] = unescape(value)
    return service, address, settings


def unescape(text: str) -> bytes:
    """C escapes to bytes; other text is UTF-8."""
    pieces = text.encode("utf-8", "surrogateescape").decode("latin-1")
    return pieces.encode("latin-1").decode("unicode_escape").encode("latin-1")
