"""The measured programs: their names, and the command line of each for the same task.

A row per program and role. ``{port}``, ``{path}``, ``{certificate}`` and the others are filled
in; if a program does not have a role, the row is missing, and the program is left out.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from typing import NamedTuple

#: Role -> words. A server's output and a client's input are files or pipes.
Roles = dict[str, str]


class Peer(NamedTuple):
    """One program: its name in the tables, its command, Debian's package, its roles."""

    name: str
    command: tuple[str, ...]
    package: str
    roles: Roles

    @property
    def is_there(self) -> bool:
        """Whether the program is installed."""
        return shutil.which(self.command[0]) is not None

    def words(self, role: str, **values: object) -> list[str]:
        """Return the command line for a role."""
        words = shlex.split(self.roles[role])
        return [*self.command, *(word.format(**values) for word in words)]


PYNC = Peer(
    "pync",
    (sys.executable, "-m", "pync"),
    "pync-nc",
    {
        "receive": "-d -l 127.0.0.1 {port}",
        "send": "127.0.0.1 {port}",
        "receive-unix": "-d -lU {path}",
        "send-unix": "-U {path}",
        "offer-tls": "-l --ssl --ssl-cert {certificate} 127.0.0.1 {port}",
        "fetch-tls": "-d --ssl --ssl-trustfile {certificate} localhost {port}",
        "talk": "127.0.0.1 {port}",
        "datagrams": "-d -lu 127.0.0.1 {port}",
        "serve": "-d -lk 127.0.0.1 {port}",
        "broker": "-d -l --broker 127.0.0.1 {port}",
        "room": "--as=ncat --recv-only -lk -m 20000 127.0.0.1 {port}",
        "scan": "-z 127.0.0.1 {ports}",
        "scan-away": "-z -w {seconds} {host} {ports}",
        "version": "--version",
        "http-proxy": "-l --proxy-type http 127.0.0.1 {port}",
        "socks-proxy": "-l --proxy-type socks 127.0.0.1 {port}",
        "relay": "-lk 127.0.0.1 {port} --to tcp://127.0.0.1:{target}",
        "relay-unix": "-lk 127.0.0.1 {port} --to unix:{path}",
        "relay-workers": "-lk --workers=2 127.0.0.1 {port} --to tcp://127.0.0.1:{target}",
        "relay-tls": "-lk --ssl --ssl-cert {certificate} 127.0.0.1 {port}"
        " --to tcp://127.0.0.1:{target}",
    },
)

NC = Peer(
    "nc",
    ("nc.openbsd",),
    "netcat-openbsd",
    {
        "receive": "-d -l 127.0.0.1 {port}",
        "send": "-N 127.0.0.1 {port}",
        "receive-unix": "-d -lU {path}",
        "send-unix": "-N -U {path}",
        "talk": "-N 127.0.0.1 {port}",
        "datagrams": "-d -lu 127.0.0.1 {port}",
        "serve": "-d -lk 127.0.0.1 {port}",
        "scan": "-z 127.0.0.1 {ports}",
        "scan-away": "-z -w {seconds} {host} {ports}",
        "version": "-h",
    },
)

NCAT = Peer(
    "ncat",
    ("ncat",),
    "ncat",
    {
        "receive": "--recv-only -l 127.0.0.1 {port}",
        "send": "--send-only 127.0.0.1 {port}",
        "receive-unix": "--recv-only -lU {path}",
        "send-unix": "--send-only -U {path}",
        "offer-tls": "--send-only -l --ssl --ssl-cert {certificate} --ssl-key {certificate}"
        " 127.0.0.1 {port}",
        "fetch-tls": "--recv-only --ssl --ssl-trustfile {certificate} localhost {port}",
        "talk": "127.0.0.1 {port}",
        "datagrams": "--recv-only -lu 127.0.0.1 {port}",
        "serve": "--recv-only -lk 127.0.0.1 {port}",
        "broker": "-l --broker -m 20000 127.0.0.1 {port}",
        "room": "--recv-only -lk -m 20000 127.0.0.1 {port}",
        "scan": "-z 127.0.0.1 {ports}",
        "version": "--version",
        "http-proxy": "-l --proxy-type http 127.0.0.1 {port}",
        "relay": "-lk -m 1000 --sh-exec 'exec ncat 127.0.0.1 {target}' 127.0.0.1 {port}",
        "relay-unix": "-lk -m 1000 --sh-exec 'exec ncat -U {path}' 127.0.0.1 {port}",
        "relay-tls": "-lk -m 1000 --ssl --ssl-cert {certificate} --ssl-key {certificate}"
        " --sh-exec 'exec ncat 127.0.0.1 {target}' 127.0.0.1 {port}",
    },
)

SOCAT = Peer(
    "socat",
    ("socat",),
    "socat",
    {
        "receive": "-u TCP4-LISTEN:{port},bind=127.0.0.1,reuseaddr -",
        "send": "-u - TCP4:127.0.0.1:{port}",
        "receive-unix": "-u UNIX-LISTEN:{path} -",
        "send-unix": "-u - UNIX-CONNECT:{path}",
        "offer-tls": "-u - OPENSSL-LISTEN:{port},bind=127.0.0.1,reuseaddr,verify=0"
        ",cert={certificate}",
        "fetch-tls": "-u OPENSSL:localhost:{port},cafile={certificate},pf=ip4 -",
        "talk": "- TCP4:127.0.0.1:{port}",
        "datagrams": "-u UDP4-RECV:{port},bind=127.0.0.1 -",
        "version": "-V",
        "relay": "TCP4-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,backlog=1024"
        " TCP4:127.0.0.1:{target}",
        "relay-unix": "TCP4-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,backlog=1024"
        " UNIX-CONNECT:{path}",
        "relay-tls": "OPENSSL-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,verify=0"
        ",cert={certificate} TCP4:127.0.0.1:{target}",
    },
)

#: socat with a buffer of 1 MiB instead of 8 KiB.
SOCAT_1M = Peer("socat -b1M", ("socat", "-b1048576"), "socat", SOCAT.roles)

#: One thread, or two as pync has two workers; the settings are written for each measurement
#: (joined.py).
HAPROXY = Peer(
    "haproxy",
    ("haproxy",),
    "haproxy",
    dict.fromkeys(("relay", "relay-unix", "relay-tls", "relay-workers"), "-db -q -f {settings}"),
)

#: Servers of one protocol. tinyproxy's settings are written for each measurement (joined.py).
MICROSOCKS = Peer(
    "microsocks", ("microsocks",), "microsocks", {"socks-proxy": "-i 127.0.0.1 -p {port}"}
)
TINYPROXY = Peer("tinyproxy", ("tinyproxy",), "tinyproxy", {"http-proxy": "-d -c {settings}"})

#: The minimum for a start of a Python program of this kind.
PYTHON = Peer(
    "python", (sys.executable, "-c", "import re, signal, socket"), "python3", {"version": ""}
)
