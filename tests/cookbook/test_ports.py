"""Recipes: ports, transfers and TLS."""

from __future__ import annotations

import hashlib
import json
import random
import re
from pathlib import Path

from pync.transports.tls.certificate import self_made

from ..peer import Server, listening
from ..programs import Program, needs, smtp_server
from .conftest import Run, is_up
from .recipes import PAGE, with_words

DATA = random.Random(4).randbytes(3_000_000)
SUM = hashlib.sha256(DATA).hexdigest().encode()


def test_wait_until_a_port_is_open(run: Run, port: int) -> None:
    waiting = run("Wait until a port is open", {"9000": port, "localhost": "-v 127.0.0.1"})
    waiting.hears(b"refused")
    with listening(port=port) as server:
        server.accepts().closes()
        assert waiting.rest() == b"it is up\n"
        waiting.ends(0)


def test_see_which_ports_are_open(run: Run, port: int, server: Server) -> None:
    needs("jq")
    words = {"localhost": "127.0.0.1", "20-25,80": f"{port},{server.port}", "500ms": "10s"}
    scan = run("See which ports are open, and what they say", words)
    peer = server.accepts()
    peer.says(b"220 ready\n")
    assert scan.rest().startswith(f"{server.port} 220 ready\n".encode())
    peer.closes()
    scan.ends(0)


def test_check_the_health_of_a_container(run: Run, server: Server, port: int) -> None:
    title = "Check the health of a container"
    words: dict[str, object] = {"HEALTHCHECK --interval=5s CMD ": "", "localhost": "127.0.0.1"}
    run(title, {**words, "8080": server.port}).ends(0)
    run(title, {**words, "8080": port}).ends(1)


def test_check_an_answer(run: Run, server: Server) -> None:
    title = "Check an answer, not only a port"
    words: dict[str, object] = {"localhost": "127.0.0.1", "6379": server.port}
    right = run(title, words)
    peer = server.accepts()
    peer.hears(b"PING\r\n")
    peer.says(b"+PONG\r\n")
    right.ends(0)
    peer.closes()
    wrong = run(title, words)
    peer = server.accepts()
    peer.says(b"-ERR\r\n")
    peer.closes()
    wrong.ends(1)


def test_kubernetes_probe_is_the_same_command(sh: Run, server: Server) -> None:
    (quoted,) = re.findall(r'command: \[sh, -c, (".*")\]', PAGE)
    # A quoted string in YAML is parsed as in JSON.
    words: dict[str, object] = {"localhost": "127.0.0.1", "6379": server.port}
    probe = sh(with_words(json.loads(quoted), words))
    peer = server.accepts()
    peer.hears(b"PING\r\n")
    peer.says(b"+PONG\r\n")
    probe.ends(0)
    peer.closes()


def test_take_any_free_port_in_a_script(run: Run, folder: Path) -> None:
    run("Take any free port in a script", {}).ends(0)
    assert (folder / "received").read_bytes() == b"hello\n"


def test_send_a_file_and_check_it(run: Run, folder: Path, port: int) -> None:
    title = "Send a file and check it"
    (folder / "original.tar").write_bytes(DATA)
    there = is_up(port, run(title, {"9000": port}, line=0))
    here = run(title, {"9000": port}, line=1)
    assert here.rest().split()[0] == SUM
    assert there.rest().split()[0] == SUM
    assert (folder / "copy.tar").read_bytes() == DATA
    here.ends(0)
    there.ends(0)


def test_send_a_folder(run: Run, folder: Path, port: int) -> None:
    (folder / "photos").mkdir()
    (folder / "photos" / "one").write_bytes(DATA)
    there = is_up(port, run("Send a folder", {"tar xf -": "tar xOf -", "9000": port}, line=0))
    here = run("Send a folder", {"9000": port}, line=1)
    assert there.rest() == DATA
    here.ends(0)
    there.ends(0)


def test_send_over_tls(run: Run, folder: Path, port: int) -> None:
    (folder / "original.tar").write_bytes(DATA)
    there = is_up(port, run("Send over TLS", {"9000": port}, line=0))
    run("Send over TLS", {"9000": port}, line=1).ends(0)
    there.ends(0)
    assert (folder / "copy.tar").read_bytes() == DATA


def test_measure_a_line(run: Run, port: int) -> None:
    needs("jq")
    there = is_up(port, run("Measure a line", {"9000": port}, line=0))
    here = run("Measure a line", {"9000": port, "100M": "1M"}, line=1)
    assert float(here.rest()) > 1000
    here.ends(0)
    there.ends(0)


def test_use_only_a_part_of_the_line(run: Run, folder: Path, server: Server) -> None:
    (folder / "original.tar").write_bytes(DATA)
    words = {"localhost": "127.0.0.1", "9000": server.port}
    sender = run("Use only a part of the line", words)
    peer = server.accepts()
    assert peer.hears_rest() == DATA
    peer.closes()
    sender.ends(0)


def test_serve_one_page(run: Run, sh: Run, folder: Path, port: int) -> None:
    needs("curl")
    (folder / "page.html").write_text("<p>hello</p>\n")
    page = is_up(port, run("Serve one page", {"8080": port}))
    curl = sh(f"curl -s http://127.0.0.1:{port}/")
    assert curl.rest() == b"<p>hello</p>\n"
    curl.ends(0)
    page.end_input()
    page.ends(0)


# TLS.


def test_see_why_tls_fails(run: Run, pem: Path, port: int) -> None:
    is_up(port, run("Require client certificates", tls_server(port), line=0))
    client = run("See why TLS fails", {"8443": port})
    assert b"self-signed certificate" in client.ends(1)


def test_see_a_server_s_certificate(run: Run, pem: Path, port: int) -> None:
    needs("jq")
    server = is_up(port, run("Require client certificates", tls_server(port), line=0))
    server.write(b"220 a server that speaks first\n")
    client = run("See a server's certificate", {"8443": port})
    shown = json.loads(client.rest())
    assert (shown["subject"], shown["issuer"]) == ("CN=localhost", "CN=localhost")
    assert len(shown["fingerprint"]) == 64
    client.ends(0)


def test_trust_a_server_s_own_certificate(run: Run, folder: Path, port: int) -> None:
    needs("openssl")
    title = "Trust a server's own certificate"
    run("Make a certificate", {}, line=0).ends(0)
    made = (folder / "server.pem").rename(folder / "made.pem")
    words: dict[str, object] = {"server.pem": "made.pem", "8443": port}
    is_up(port, run("Make a certificate", words, line=1))
    run(title, {"8443": port}, line=0).ends(0)
    assert (folder / "server.pem").read_text() == made.read_text()
    assert b"Fingerprint=" in run(title, {}, line=1).rest()
    client = run(title, {"8443": port}, line=2)
    client.end_input()
    client.ends(0)


def test_require_client_certificates(run: Run, folder: Path, pem: Path, port: int) -> None:
    (folder / "ada.pem").write_bytes(self_made("ada"))
    (folder / "clients.pem").write_bytes((folder / "ada.pem").read_bytes())
    title = "Require client certificates"
    words: dict[str, object] = {"9000": port, "--ssl-key server.key": "", "-lk": "-l"}
    server = is_up(port, run(title, words, line=0))
    client = run(title, {"9000": port, "--ssl-key ada.key": ""}, line=1)
    client.write(b"question\n")
    assert server.read(9) == b"question\n"
    client.end_input()
    server.end_input()
    client.ends(0)
    server.ends(0)


def tls_server(port: int) -> dict[str, object]:
    """A listener that does not request client certificates."""
    unasked = " --ssl-key server.key --ssl-trustfile clients.pem"
    return {"9000": port, unasked: ""}


def test_ask_a_mail_server_for_tls(run: Run, pem: Path, port: int) -> None:
    title = "Speak TLS with a mail server, or a database"
    with Program(*smtp_server(port, pem)) as server:
        is_up(port, server)
        client = run(title, {"25": port, "-vC": f"-vC --ssl-trustfile={pem}"}, line=0)
        client.hears(rb"Secured by TLSv1")
        client.write(b"QUIT\n")
        assert client.read(9) == b"221 Bye\r\n"
        client.end_input()
        client.ends(0)
    relay = run(title, {"5433": port}, line=1)
    is_up(port, relay)
