"""The HTTP request of the README, sent to real servers.

Node, nginx as a proxy and HAProxy treat an early FIN as a client that has left.
"""

from __future__ import annotations

import random
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.targets.ports import reserved_port

from ..programs import PYNC, Program, is_bound, needs, until

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

#: Larger than the buffers of both sides.
PAGE = random.Random(8).randbytes(2_000_000)


def nginx(folder: Path, port: int, _behind: int) -> list[str]:
    return _nginx(folder, port, f"root {folder};")


def nginx_as_proxy(folder: Path, port: int, behind: int) -> list[str]:
    return _nginx(folder, port, f"location / {{ proxy_pass http://127.0.0.1:{behind}; }}")


def _nginx(folder: Path, port: int | str, location: str) -> list[str]:
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;"
        f"events {{}} http {{ access_log off; {temporary}"
        f"server {{ listen 127.0.0.1:{port}; {location} }} }}"
    )
    return ["nginx", "-p", str(folder), "-c", str(config)]


def haproxy(folder: Path, port: int, behind: int) -> list[str]:
    config = folder / "haproxy.cfg"
    config.write_text(
        "defaults\n mode http\n option abortonclose\n timeout connect 30s\n"
        f" timeout client 30s\n timeout server 30s\nlisten web\n bind 127.0.0.1:{port}\n"
        f" server plain 127.0.0.1:{behind}\n"
    )
    return ["haproxy", "-f", str(config)]


def lighttpd(folder: Path, port: int, _behind: int) -> list[str]:
    config = folder / "lighttpd.conf"
    config.write_text(
        f'server.document-root = "{folder}"\nserver.bind = "127.0.0.1"\nserver.port = {port}\n'
        'index-file.names = ("index.html")\n'
    )
    return ["lighttpd", "-D", "-f", str(config)]


def node(folder: Path, port: int, _behind: int) -> list[str]:
    # It delays its answer, as an application does.
    script = folder / f"server-{port}.js"
    script.write_text(
        "require('http').createServer((_, answer) => setTimeout(() =>\n"
        f"  answer.end(require('fs').readFileSync('{folder}/index.html')), 50)\n"
        f").listen({port}, '127.0.0.1');\n"
    )
    return ["node", str(script)]


def python(folder: Path, port: int, _behind: int) -> list[str]:
    words = ("--bind", "127.0.0.1", "--directory", str(folder), str(port))
    return [sys.executable, "-m", "http.server", *words]


#: Server -> the required program, and whether it needs node as its backend.
SERVERS: dict[str, tuple[Callable[[Path, int, int], list[str]], tuple[str, ...]]] = {
    "nginx": (nginx, ("nginx",)),
    "nginx as a proxy": (nginx_as_proxy, ("nginx", "node")),
    "haproxy": (haproxy, ("haproxy", "node")),
    "lighttpd": (lighttpd, ("lighttpd",)),
    "node": (node, ("node",)),
    "Python": (python, ()),
}


@contextmanager
def serving(name: str, folder: Path) -> Iterator[int]:
    """Start a server with PAGE as its index page; yield its port."""
    command, programs = SERVERS[name]
    for program in programs:
        needs(program)
    (folder / "index.html").write_bytes(PAGE)
    with reserved_port() as port, reserved_port() as behind:
        with Program(*node(folder, behind, 0) if programs[1:] else ["true"]) as origin:
            if programs[1:]:
                until(lambda: is_bound(behind), "node to listen", origin)
            with Program(*command(folder, port, behind)) as server:
                until(lambda: is_bound(port), f"{name} to listen", server)
                yield port


def request(port: int) -> str:
    """The command line of the README, with another port."""
    lines = re.findall(r"^printf 'GET .*\| pync .*$", README, re.MULTILINE)
    assert len(lines) == 1
    before, _, after = lines[0].partition("| pync ")
    words = re.sub(r"\s+#.*", "", after)
    assert words.endswith(" localhost 80")
    return f"{before}| {shlex.join(PYNC)} {words.removesuffix('localhost 80')}127.0.0.1 {port}"


@pytest.mark.parametrize("name", SERVERS)
def test_request_of_the_readme_gets_the_complete_answer(name: str, tmp_path: Path) -> None:
    with serving(name, tmp_path) as port, Program("sh", "-c", request(port)) as client:
        answer = client.rest()
        assert client.ends(0) == b""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert re.match(rb"HTTP/1\.[01] 200 ", head), head
    assert body == PAGE
