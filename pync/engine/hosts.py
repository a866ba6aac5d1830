"""The names that this machine knows by itself: those in hosts(5). They are found at once.

The file is read when it has changed, as getaddrinfo(3) reads it each time.
"""

from __future__ import annotations

import os
import sys

#: Where the file is.
PATH = (
    os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), r"System32\drivers\etc\hosts")
    if sys.platform == "win32"
    else "/etc/hosts"
)

#: RFC 6761 section 6.3: it is never asked for in the network.
_ALWAYS = frozenset({"localhost"})


class Hosts:
    """The names in the file. It is read here already: later no descriptor may be left.

    Arguments:
        path: the file.
    """

    def __init__(self, path: str = PATH) -> None:
        self._path = path
        self._names = _ALWAYS
        self._read: tuple[int, int] | None = None
        self._refresh()

    def __contains__(self, name: str) -> bool:
        self._refresh()
        return name.lower().removesuffix(".") in self._names

    def _refresh(self) -> None:
        try:
            found = os.stat(self._path)
            version = found.st_mtime_ns, found.st_size
            if version == self._read:
                return
            with open(self._path, encoding="utf-8", errors="replace") as file:
                self._names = _ALWAYS | names_in(file.read())
            self._read = version
        except OSError:
            pass  # what was read before holds


def names_in(text: str) -> frozenset[str]:
    """Return the names in a file of this kind: an address, then names; ``#`` begins a comment."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return frozenset(name.lower() for words in lines for name in words[1:])
