"""Complete answers of real TLS servers to a piped request.

Each server stops sending, or resets, if it gets close_notify during its answer.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from conformance.targets.ports import reserved_port

from ..peer import DEADLINE
from ..programs import PYNC, Program, is_bound, needs, until

#: Larger than the buffers of both sides.
CONTENT = random.Random(3).randbytes(3_000_000)

REQUEST = b"GET /file HTTP/1.0\r\n\r\n"


class Place(NamedTuple):
    """The place of a server: its folder contains ``file`` and ``localhost.pem``."""

    folder: Path
    port: int
    #: The port of the plain backend server, if it is a proxy.
    behind: int

    @property
    def pem(self) -> Path:
        """The file with certificate and key."""
        return self.folder / "localhost.pem"

    def write(self, name: str, text: str) -> str:
        """Write a file of the server."""
        (self.folder / name).write_text(text)
        return str(self.folder / name)


def nginx(place: Place) -> list[str]:
    return _nginx(place, f"root {place.folder};")


def nginx_as_proxy(place: Place) -> list[str]:
    return _nginx(place, f"location / {{ proxy_pass http://127.0.0.1:{place.behind}; }}")


def _nginx(place: Place, location: str) -> list[str]:
    temporary = "".join(
        f"{name}_temp_path {place.folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    secured = (
        f"ssl_certificate {place.pem}; ssl_certificate_key {place.pem};"
        "ssl_protocols TLSv1.2 TLSv1.3;"
    )
    config = place.write(
        "nginx.conf",
        f"daemon off; master_process off; pid {place.folder}/pid; error_log {place.folder}/log;"
        f"events {{}} http {{ access_log off; {temporary} server {{"
        f"listen 127.0.0.1:{place.port} ssl; {secured} {location} }} }}",
    )
    return ["nginx", "-p", str(place.folder), "-c", config]


def lighttpd(place: Place) -> list[str]:
    config = place.write(
        "lighttpd.conf",
        f'server.document-root = "{place.folder}"\nserver.bind = "127.0.0.1"\n'
        f'server.port = {place.port}\nserver.modules = ("mod_openssl")\n'
        f'ssl.engine = "enable"\nssl.pemfile = "{place.pem}"\n',
    )
    return ["lighttpd", "-D", "-f", config]


def stunnel(place: Place) -> list[str]:
    config = place.write(
        "stunnel.conf",
        f"foreground = yes\npid =\n[web]\naccept = 127.0.0.1:{place.port}\n"
        f"connect = 127.0.0.1:{place.behind}\ncert = {place.pem}\n",
    )
    return ["stunnel4", config]


def haproxy(place: Place) -> list[str]:
    config = place.write(
        "haproxy.cfg",
        "defaults\n mode http\n timeout connect 30s\n timeout client 30s\n"
        f" timeout server 30s\nlisten web\n bind 127.0.0.1:{place.port} ssl crt {place.pem}\n"
        f" server plain 127.0.0.1:{place.behind}\n",
    )
    return ["haproxy", "-f", config]


def node(place: Place) -> list[str]:
    script = place.write(
        "server.js",
        "const fs = require('fs');\n"
        f"const pem = fs.readFileSync('{place.pem}');\n"
        "require('https').createServer({key: pem, cert: pem}, (_, answer) =>\n"
        f"  fs.createReadStream('{place.folder}/file').pipe(answer)\n"
        f").listen({place.port}, '127.0.0.1');\n",
    )
    return ["node", script]


def openssl(place: Place) -> list[str]:
    words = ("-quiet", "-WWW", "-cert", str(place.pem), "-key", str(place.pem))
    return ["openssl", "s_server", "-accept", f"127.0.0.1:{place.port}", *words]


def python(place: Place) -> list[str]:
    script = place.write(
        "server.py",
        "import http.server, ssl\n"
        f"server = http.server.HTTPServer(('127.0.0.1', {place.port}),\n"
        "    http.server.SimpleHTTPRequestHandler)\n"
        "context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
        f"context.load_cert_chain('{place.pem}')\n"
        "server.socket = context.wrap_socket(server.socket, server_side=True)\n"
        "server.serve_forever()\n",
    )
    return [sys.executable, script]


#: The required program -> its servers.
SERVERS: dict[str, tuple[str | None, Callable[[Place], list[str]]]] = {
    "nginx": ("nginx", nginx),
    "nginx as a proxy": ("nginx", nginx_as_proxy),
    "lighttpd": ("lighttpd", lighttpd),
    "stunnel": ("stunnel", stunnel),
    "haproxy": ("haproxy", haproxy),
    "node": ("node", node),
    "openssl s_server": ("openssl", openssl),
    "http.server": (None, python),
}

#: Servers that close without close_notify: pync cannot know that the answer is complete.
TRUNCATING = frozenset({"http.server"})

LIGHTTPD_TLS = Path("/usr/lib/lighttpd/mod_openssl.so")


@contextmanager
def running(name: str, pem: Path, folder: Path) -> Iterator[int]:
    """A running server, and its port."""
    package, command = SERVERS[name]
    if package is not None:
        needs(package)
    if name == "lighttpd" and not LIGHTTPD_TLS.exists():
        pytest.skip("lighttpd's TLS is missing (Debian: lighttpd-mod-openssl)")
    (folder / "file").write_bytes(CONTENT)
    (folder / "localhost.pem").write_bytes(pem.read_bytes())
    with ExitStack() as stack:
        port, behind = (stack.enter_context(reserved_port()) for _ in range(2))
        words = ("-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder))
        plain = stack.enter_context(Program(sys.executable, *words, str(behind)))
        argv = command(Place(folder, port, behind))
        # (openssl s_server -WWW and Python's server serve their working directory.)
        server = stack.enter_context(Program("env", "-C", str(folder), *argv))
        until(lambda: is_bound(behind), "the backend server", plain)
        until(lambda: is_bound(port), f"{name} to listen", server)
        yield port


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("name", SERVERS)
def test_complete_answer(name: str, version: str, pem: Path, tmp_path: Path) -> None:
    versions = ("--ssl-min-version", version, "--ssl-max-version", version)
    with running(name, pem, tmp_path) as port:
        command = [*PYNC, "--ssl", "--ssl-trustfile", str(pem), *versions, "localhost", str(port)]
        done = subprocess.run(command, input=REQUEST, capture_output=True, timeout=DEADLINE)
    assert done.stdout.endswith(CONTENT), (len(done.stdout), done.stderr)
    if name in TRUNCATING:
        assert b"without close_notify" in done.stderr
        assert done.returncode == 1
    else:
        assert (done.stderr, done.returncode) == (b"", 0)
