"""The names that need no query in the network: those in hosts(5).

The file is read again when it has changed; getaddrinfo(3) reads it for each lookup.
"""

from __future__ import annotations

import os
import sys

#: The path of the file.
PATH = (
    os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), r"System32\drivers\etc\hosts")
    if sys.platform == "win32"
    else "/etc/hosts"
)

#: RFC 6761 section 6.3: no query for it is sent to the network.
_ALWAYS = frozenset({"localhost"})


class Hosts:
    """The names in the file, which is read at once: later there may be no free descriptor.

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
            pass  # keep the names that were read before


def names_in(text: str) -> frozenset[str]:
    """Return the names in the text of hosts(5): an address, then names; ``#`` starts a comment."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return frozenset(name.lower() for words in lines for name in words[1:])
