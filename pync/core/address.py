"""The text form of endpoints: ``tcp://HOST:PORT``, ``unix:PATH`` and others. Pure.

The canonical form has ``://`` because in bash ``tcp!host!port`` is history expansion.
IPv6 hosts are in brackets (RFC 3986 3.2.2).
"""

from __future__ import annotations

from .errors import UsageError, shortened
from .number import is_digits, whole
from .typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import re

#: Schemes with a host and a port, and the address family that they are limited to. A host
#: in vsock is a number, its CID.
INTERNET = {"tcp": 0, "tcp4": 4, "tcp6": 6, "udp": 0, "udp4": 4, "udp6": 6, "sctp": 0, "vsock": 0}

#: The highest port, and that of vsock(7), whose CIDs have 32 bits too.
MOST_PORT, MOST_VSOCK = 65535, 0xFFFFFFFF

#: WebSocket (RFC 6455), plain and over TLS, and the port that each has where none is written.
WEBSOCKETS = {"ws": "80", "wss": "443"}

#: Schemes without connections: each read is one datagram.
DATAGRAMS = frozenset({"udp", "udp4", "udp6", "unixgram", "dtls"})

#: Schemes with a path; ``@name`` is Linux's abstract namespace (unix(7)). A pipe has a name.
LOCAL = ("unix", "unixgram", "pipe")

#: Listening sockets that the parent process has made: by the number of the descriptor, or all that
#: systemd has passed, or those that it has passed under one name (sd_listen_fds(3)).
INHERITED = ("fd", "systemd")

#: Windows' form of a named pipe, also with slashes for shells where a backslash is special.
_PIPE = r"(\\\\|//)(?P<host>[^\\/]+)[\\/]pipe[\\/](?P<name>.*)"


#: The highest descriptor that an int of C can number.
_MOST_DESCRIPTORS = 2**31 - 1

#: The letters of text that may be an IPv6 address (RFC 4291 2.2); a zone may follow.
_OF_IPV6 = frozenset("0123456789abcdefABCDEF:.")

#: Protocols above TCP whose addresses users type here: the port, and whether it uses TLS.
_WELL_KNOWN = {
    "http": ("80", False),
    "https": ("443", True),
    "ftp": ("21", False),
    "telnet": ("23", False),
    "ssh": ("22", False),
}


class Address(NamedTuple):
    """One endpoint. ``service`` is the port as typed: a number, or a service's name.

    A listener of the library and an onward address of a relay may have the scheme ``tls`` or
    ``dtls``; parse() accepts neither.
    ``path`` of a WebSocket is the target of its request, and ``login`` the USER:PASSWORD that was
    written before the host: it is never shown.
    """

    scheme: str
    host: str = ""
    service: str = ""
    path: str = ""
    login: str = ""

    @property
    def port(self) -> int:
        """The port's number; 0 where there is none.

        Raises ValueError for a service's name. Connections and listeners have numbers.
        """
        return int(self.service or "0")

    def __str__(self) -> str:
        if self.scheme not in INTERNET and self.scheme not in ("tls", "dtls", *WEBSOCKETS):
            # A // at the start of a path would be parsed as the // of a URL.
            slashes = "//" if self.path.startswith("//") else ""
            return f"{self.scheme}:{slashes}{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        target = self.path if self.scheme in WEBSOCKETS else ""
        return f"{self.scheme}://{host}:{self.service}{target}"


def parse(text: str) -> Address:
    """Parse an address in URL form.

    Raises UsageError, which says what is wrong.
    """
    if found := _as_pipe(text):
        # The pipe of another machine keeps its whole name.
        elsewhere = "" if found["host"] == "." else f"\\\\{found['host']}\\pipe\\"
        text = f"pipe:{elsewhere}{found['name']}"
    scheme, colon, rest = text.partition(":")
    if colon and scheme in LOCAL:
        path = rest.removeprefix("//")
        if not path:
            raise UsageError(f"{text!r}: a {'name' if scheme == 'pipe' else 'path'} is missing")
        return Address(scheme, path=path)
    if colon and scheme in INHERITED:
        return Address(scheme, path=_inherited(text, rest.removeprefix("//")))
    if scheme in WEBSOCKETS and rest.startswith("//"):
        return _websocket(scheme, rest[2:], text)
    if not colon or not rest.startswith("//") or scheme not in INTERNET:
        paths = (f"{name}:" for name in (*LOCAL, *INHERITED))
        known = ", ".join([*(f"{name}://" for name in (*INTERNET, *WEBSOCKETS)), *paths])
        if scheme in _WELL_KNOWN and rest.startswith("//"):
            raise UsageError(_not_spoken(scheme, rest[2:]))
        raise UsageError(f"{shortened(text)} is not an address (known: {known})")
    most = MOST_VSOCK if scheme == "vsock" else MOST_PORT
    host, port = split_host_port(rest[2:].rstrip("/"), text, most)
    return Address(scheme, host, port)


def _websocket(scheme: str, rest: str, text: str) -> Address:
    """RFC 6455 3: the port may be missing, and a fragment never goes to the server."""
    where, slash, target = rest.partition("/")
    if not slash and "?" in where:
        where, _, query = where.partition("?")
        slash, target = "/", f"?{query}"
    if "#" in rest:
        raise UsageError(f"{shortened(text)}: a WebSocket's address has no fragment (#: write %23)")
    login, _, where = where.rpartition("@")
    if where.endswith("]") or ":" not in where:
        where = f"{where}:{WEBSOCKETS[scheme]}"
    host, port = split_host_port(where, f"{scheme}://{where}")
    return Address(scheme, host, port, _quoted(slash + target), login)


def _quoted(target: str) -> str:
    if target.isascii() and target.isprintable() and " " not in target:
        return target
    from urllib.parse import quote

    return quote(target, safe="/?&=%:;,+$@!~*'()[]")


def _inherited(text: str, which: str) -> str:
    if text.startswith("fd:") and whole(which, _MOST_DESCRIPTORS) is None:
        raise UsageError(
            f"{shortened(text)}: the number of a descriptor is missing "
            "(fd:3, or systemd: for those that systemd passes)"
        )
    return which


def _not_spoken(scheme: str, rest: str) -> str:
    """Return what to type instead of the address of a protocol that pync does not speak."""
    import re

    port, tls = _WELL_KNOWN[scheme]
    host, colon, given = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2].partition(":")
    where = f"{host or 'HOST'} {given if colon and given else port}"
    if tls:
        return f"pync does not speak {scheme}://; for a connection by TLS: pync --ssl {where}"
    return (
        f"pync does not speak {scheme}://; for a plain connection: pync {where} "
        f"(with TLS: pync --ssl {host or 'HOST'} 443)"
    )


def is_url(text: str) -> bool:
    """Return whether a word looks like an address in URL form."""
    scheme, colon, _ = text.partition(":")
    if "://" in text or (colon and scheme in (*LOCAL, *INHERITED)):
        return True
    return _as_pipe(text) is not None


def _as_pipe(text: str) -> re.Match[str] | None:
    if not text.startswith(("\\\\", "//")):
        return None  # most addresses need no regular expression
    import re

    return re.fullmatch(_PIPE, text, re.IGNORECASE)


def split_host_port(text: str, whole: str, most: int = MOST_PORT) -> tuple[str, str]:
    """Split ``HOST:PORT``; the host may be empty, IPv6 is in brackets.

    Arguments:
        most: the highest port.
    Raises UsageError about ``whole``.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port or "]" in port:
        raise UsageError(f"{whole!r}: the port is missing")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host and not _is_ipv6_text(host.strip("[]")):
        raise UsageError(f"{whole!r}: too many colons, write HOST:PORT")
    elif ":" in host or "[" in host or "]" in host:
        raise UsageError(f"{whole!r}: IPv6 needs brackets, as in tcp://[::1]:9000")
    if is_digits(port):
        check_port(port, most=most)
    return host, port


def _is_ipv6_text(host: str) -> bool:
    return _OF_IPV6.issuperset(without_zone(host))


def without_zone(host: str) -> str:
    """Return an IPv6 host without its zone, which has a meaning on one machine only (RFC 6874)."""
    return host.partition("%")[0] if ":" in host else host


def check_port(text: str, option: str = "", most: int = MOST_PORT) -> int:
    """Return the port number in a text.

    Raises UsageError, which names the option if there is one.
    """
    number = whole(text, most)
    if number is None:
        where = f"{option}: " if option else ""
        raise UsageError(f"{where}{shortened(text)} is not a valid port (0-{most})")
    return number
