"""STARTTLS with real servers: each protocol of --starttls, and a relay."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import pync
import pync.aio

from ..peer import connected
from ..programs import PYNC, Program, listening_pync, needs, smtp_server, until

#: Settings of Dovecot, whose processes run as other users.
DOVECOT = """
base_dir = {home}/run
state_dir = {home}/state
log_path = /dev/stderr
ssl_cert = <{pem}
ssl_key = <{pem}
listen = 127.0.0.1
protocols = {protocol}
service {service} {{
  inet_listener {listener} {{
    port = {port}
  }}
}}
service imap-login {{
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3s {{
    port = 0
  }}
}}
passdb {{
  driver = static
}}
"""

VSFTPD = """
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
ssl_enable=YES
rsa_cert_file={pem}
rsa_private_key_file={pem}
secure_chroot_dir={home}
isolate=NO
isolate_network=NO
"""

SLAPD = """
include /etc/ldap/schema/core.schema
TLSCertificateFile {pem}
TLSCertificateKeyFile {pem}
pidfile {home}/pid
database ldif
suffix dc=example
directory {home}
"""

PROSODY = """
pidfile = "{home}/pid"
data_path = "{home}"
plugin_paths = {{}}
modules_enabled = {{ "tls", "saslauth" }}
modules_disabled = {{ "s2s" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{}}
s2s_ports = {{}}
http_ports = {{}}
https_ports = {{}}
log = {{ error = "*console" }}
run_as_root = true
VirtualHost "localhost"
  ssl = {{ key = "{pem}"; certificate = "{pem}"; }}
"""

INSPIRCD = """
<config format="xml">
<server name="localhost" description="x" network="x">
<admin name="x" email="x@localhost">
<bind address="127.0.0.1" port="{port}" type="clients">
<module name="ssl_gnutls"><module name="starttls">
<sslprofile name="Clients" provider="gnutls" certfile="{pem}" keyfile="{pem}">
<connect allow="*"><pid file="{home}/pid">
"""

#: The file that INN's nnrpd finds by an environment variable; it names the folders of the rest.
INN = """
mta: "/bin/false"
organization: x
pathhost: localhost
domain: localhost
ovmethod: tradindexed
hismethod: hisv6
enableoverview: true
pathnews: /usr/lib/news
pathdb: {home}
pathetc: {home}
pathfilter: {home}
pathoverview: {home}
patharticles: {home}
pathrun: {home}
pathspool: {home}
pathtmp: {home}
pathlog: {home}
runasuser: root
runasgroup: root
tlscertfile: {pem}
tlskeyfile: {pem}
tlscafile: {pem}
nnrpdloadlimit: 0
"""

READERS = """
auth "all" {{
  hosts: "*"
  default: "<x>"
}}
access "all" {{
  users: "*"
  newsgroups: "*"
}}
"""

MARIADB = """
[mariadbd]
datadir={home}/data
socket={home}/socket
port={port}
bind-address=127.0.0.1
ssl-cert={pem}
ssl-key={pem}
user={user}
innodb=OFF
default-storage-engine=MyISAM
skip-grant-tables
"""


class Place(NamedTuple):
    """The place of a server: a folder that all users may enter, a port and a certificate."""

    home: Path
    port: int
    pem: Path

    def write(self, name: str, text: str, **words: str) -> str:
        path = self.home / name
        path.write_text(text.format(home=self.home, port=self.port, pem=self.pem, **words))
        return str(path)


@pytest.fixture
def place(port: int, pem: Path) -> Iterator[Place]:
    # (Not in tmp_path: another user cannot enter its parents.)
    with tempfile.TemporaryDirectory(prefix="tls") as folder:
        home = Path(folder)
        home.chmod(0o755)
        own = home / "localhost.pem"
        shutil.copy(pem, own)
        yield Place(home, port, own)


def _dovecot(place: Place, protocol: str, service: str, listener: str) -> list[str]:
    words = {"protocol": protocol, "service": service, "listener": listener}
    return ["dovecot", "-F", "-c", place.write("dovecot.conf", DOVECOT, **words)]


def _imap(place: Place) -> list[str]:
    return _dovecot(place, "imap", "imap-login", "imap")


def _pop3(place: Place) -> list[str]:
    return _dovecot(place, "pop3", "pop3-login", "pop3")


def _lmtp(place: Place) -> list[str]:
    return _dovecot(place, "lmtp", "lmtp", "lmtp")


def _sieve(place: Place) -> list[str]:
    return _dovecot(place, "sieve", "managesieve-login", "sieve")


def _ftp(place: Place) -> list[str]:
    return ["vsftpd", place.write("vsftpd.conf", VSFTPD)]


def _ldap(place: Place) -> list[str]:
    at = f"ldap://127.0.0.1:{place.port}"
    return ["slapd", "-d", "0", "-h", at, "-f", place.write("slapd.conf", SLAPD)]


def _xmpp(place: Place) -> list[str]:
    return ["prosody", "-F", "--config", place.write("prosody.cfg.lua", PROSODY)]


def _irc(place: Place) -> list[str]:
    config = place.write("inspircd.conf", INSPIRCD)
    # (It may end with a core dump, for which it raises the limit.)
    return [
        "prlimit",
        "--core=0:0",
        "inspircd",
        "--nofork",
        "--nolog",
        "--runasroot",
        "--config",
        config,
    ]


def _smtp(place: Place) -> list[str]:
    return smtp_server(place.port, place.pem)


def _nntp(place: Place) -> list[str]:
    nnrpd = Path(needs("nnrpd"))
    setting = f"INNCONF={place.write('inn.conf', INN)}"
    place.write("readers.conf", READERS)
    place.write("storage.conf", "method tradspool {{\n  class: 0\n  newsgroups: *\n}}\n")
    for empty in ("active", "newsgroups", "history"):
        place.write(empty, "")
    place.pem.chmod(0o600)
    subprocess.run(
        ["env", setting, nnrpd.with_name("makehistory"), "-O", "-I", "-x"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    words = ["-D", "-f", "-4", "127.0.0.1", "-p", str(place.port)]
    return ["env", setting, str(nnrpd), *words]


def _mysql(place: Place) -> list[str]:
    data = place.home / "data"
    config = place.write("my.cnf", MARIADB, user="mysql")
    shutil.chown(place.home, "mysql")
    place.pem.chmod(0o644)
    subprocess.run(
        ["mariadb-install-db", f"--defaults-file={config}", "--user=mysql", f"--datadir={data}"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return ["mariadbd", f"--defaults-file={config}"]


def _postgres(place: Place) -> list[str]:
    folder = Path(needs("postgresql")).parent
    user = pwd.getpwnam("postgres")
    data = place.home / "data"
    for path in (place.home, place.pem):
        os.chown(path, user.pw_uid, user.pw_gid)
    place.pem.chmod(0o600)
    words: list[str | Path] = [folder / "initdb", "-D", data, "-U", "me", "-A", "trust", "-N"]
    subprocess.run(
        words, check=True, capture_output=True, cwd=place.home, timeout=60, user="postgres"
    )
    options = {
        "fsync": "off",
        "listen_addresses": "127.0.0.1",
        "ssl": "on",
        "ssl_cert_file": str(place.pem),
        "ssl_key_file": str(place.pem),
        "unix_socket_directories": str(place.home),
    }
    settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    user_words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    at = ["-D", str(data), "-p", str(place.port)]
    return [*user_words, str(folder / "postgres"), *at, *settings]


class Talk(NamedTuple):
    """A server: the required programs, how to start it, what to send inside TLS, and the answer."""

    programs: list[str]
    starts: Callable[[Place], list[str]]
    says: bytes
    hears: bytes


#: PostgreSQL: the start of a session of "me" without a password (AuthenticationOk).
_SESSION = b"\0\x03\0\0user\0me\0database\0postgres\0\0"

SERVERS = {
    "smtp": Talk(["aiosmtpd"], _smtp, b"EHLO me\r\nQUIT\r\n", b"221 Bye"),
    "imap": Talk(
        ["dovecot", "dovecot-imap"], _imap, b"a STARTTLS\r\nb LOGOUT\r\n", b"b OK Logout completed"
    ),
    "pop3": Talk(["dovecot", "dovecot-pop3"], _pop3, b"CAPA\r\nQUIT\r\n", b"+OK Logging out"),
    "lmtp": Talk(["dovecot", "dovecot-lmtp"], _lmtp, b"LHLO me\r\nQUIT\r\n", b"221 2.0.0 Bye"),
    "sieve": Talk(["dovecot", "dovecot-sieve"], _sieve, b"LOGOUT\r\n", b'OK "Logout completed'),
    "ftp": Talk(["vsftpd"], _ftp, b"AUTH TLS\r\nQUIT\r\n", b"221 Goodbye."),
    # An anonymous bind, and its successful answer.
    "ldap": Talk(
        ["slapd"],
        _ldap,
        b"\x30\x0c\x02\1\2\x60\7\x02\1\3\4\0\x80\0",
        b"\x30\x0c\x02\1\2\x61\7\x0a\1\0\4\0\4\0",
    ),
    "xmpp": Talk(
        ["prosody"],
        _xmpp,
        b"<stream:stream xmlns='jabber:client' to='localhost' version='1.0'"
        b" xmlns:stream='http://etherx.jabber.org/streams'></stream:stream>",
        b"urn:ietf:params:xml:ns:xmpp-sasl",
    ),
    "irc": Talk(["inspircd"], _irc, b"QUIT\r\n", b"ERROR :Closing link"),
    "nntp": Talk(["nnrpd"], _nntp, b"STARTTLS\r\nQUIT\r\n", b"205 Bye!"),
    "mysql": Talk(["mariadb"], _mysql, b"", b""),
    "postgres": Talk(
        ["postgresql"],
        _postgres,
        (len(_SESSION) + 4).to_bytes(4, "big") + _SESSION + b"X\0\0\0\4",
        b"R\0\0\0\x08\0\0\0\0",
    ),
}


@pytest.fixture(params=SERVERS)
def talk(request: pytest.FixtureRequest, place: Place) -> Iterator[tuple[str, Talk]]:
    """A protocol, and its running server."""
    talk = SERVERS[request.param]
    for program in talk.programs:
        needs(program)
    if os.geteuid() != 0:
        pytest.skip("only root starts servers that have users of their own")
    with Program(*talk.starts(place)) as server:
        until(lambda: is_ready(place), f"{talk.programs[-1]} to be ready", server)
        yield request.param, talk
        # It has to stop its processes and to free its shared memory.
        server.process.terminate()
        server.ends(None)


def is_ready(place: Place) -> bool:
    try:
        socket.create_connection(("127.0.0.1", place.port)).close()
    except ConnectionError:
        return False
    # PostgreSQL listens before it accepts clients.
    state = place.home / "data" / "postmaster.pid"
    return not state.exists() or "ready" in state.read_text()


def test_server_starts_tls(talk: tuple[str, Talk], place: Place) -> None:
    protocol, asked = talk
    with pync.dial(
        f"tls://localhost:{place.port}", trusted=str(place.pem), starttls=protocol, timeout=20
    ) as conn:
        if asked.says:
            conn.send_all(asked.says)
            heard = conn.recv_until(asked.hears, timeout=20)
            assert heard.endswith(asked.hears)


@pytest.mark.parametrize("talk", ["smtp", "postgres"], indirect=True)
def test_command_line_option(talk: tuple[str, Talk], place: Place) -> None:
    protocol, asked = talk
    words = (f"--starttls={protocol}", f"--ssl-trustfile={place.pem}", "localhost")
    with Program(*PYNC, "-v", *words, str(place.port)) as client:
        client.hears(rb"Secured by TLSv1")
        client.write(asked.says)
        assert asked.hears in client.rest()


@pytest.mark.parametrize("talk", ["imap", "postgres"], indirect=True)
def test_relay_to_a_starttls_server(talk: tuple[str, Talk], place: Place) -> None:
    protocol, asked = talk
    words = (f"--to-starttls={protocol}", f"--to-ssl-trustfile={place.pem}")
    onward = f"--to=tls://localhost:{place.port}"
    relay, port = listening_pync(*words, onward)
    with relay, connected(port) as client:
        client.says(asked.says)
        assert asked.hears in client.hears_rest()


@pytest.mark.parametrize("talk", ["smtp"], indirect=True)
def test_library_under_asyncio(talk: tuple[str, Talk], place: Place) -> None:
    protocol, asked = talk

    async def session() -> bytes:
        address = f"tls://localhost:{place.port}"
        async with await pync.aio.dial(
            address, pync.aio.StreamConn, trusted=str(place.pem), starttls=protocol
        ) as conn:
            await conn.send_all(asked.says)
            return await conn.recv_until(asked.hears)

    assert asyncio.run(session()).endswith(asked.hears)


@pytest.mark.parametrize("talk", ["imap"], indirect=True)
def test_wrong_protocol_is_reported_in_one_line(talk: tuple[str, Talk], place: Place) -> None:
    with Program(*PYNC, "--starttls=smtp", "localhost", str(place.port)) as client:
        assert re.fullmatch(
            rb"pync: dial tls://127\.0\.0\.1:%d: the server does not begin TLS: "
            rb"it answered '\* OK \[CAPABILITY .*\n" % place.port,
            client.ends(1),
        )
