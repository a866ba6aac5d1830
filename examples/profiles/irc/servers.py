"""Start an IRC server to judge, without the limits of a public server.

    python3 servers.py NAME PORT FOLDER

NAME is a key of SERVERS below; the configuration is written to FOLDER, which must be empty. Limits
that protect a public server (of connections, of the speed of a client) are raised, and look-ups
in the DNS and of Ident are off. The server replaces this program (exec), so that it gets signals
directly.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

NGIRCD = """
[Global]
Name = irc.example.net
Info = judged
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = "Hello."
AdminEMail = nobody@example.net
{user}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
PingTimeout = 120
PongTimeout = 60
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
"""

INSPIRCD = """
<server name="irc.example.net" description="judged" network="Example" id="1AA">
<admin name="nobody" nick="nobody" email="nobody@example.net">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect allow="*" timeout="60" pingfreq="120" hardsendq="64M" softsendq="16M" recvq="16M"
 threshold="1000000" commandrate="100000000" fakelag="no" localmax="10000" globalmax="10000"
 resolvehostnames="no" useconnectban="no">
<class name="none" commands="" usermodes="" chanmodes="">
<performance netbuffersize="10240" somaxconn="128" softlimit="12800" quietbursts="yes">
<security announceinvites="dynamic" hidemodes="">
<options defaultmodes="not">
<files motd="{folder}/motd.txt">
<log method="stderr" type="* -USERINPUT -USEROUTPUT" level="default" target="stderr">
<pid file="{folder}/pid">
<path configdir="{folder}" datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
"""

#: Name -> the name of the file of configuration, its text, and the command.
SERVERS = {
    "ngircd": ("ngircd.conf", NGIRCD, "ngircd --nodaemon --config {config}"),
    "inspircd": (
        "inspircd.conf",
        INSPIRCD,
        "inspircd --nofork --nolog --runasroot --config {config}",
    ),
}


def main(name: str, port: str, folder: str) -> None:
    """Write the server's files, and execute the server."""
    file, text, command = SERVERS[name]
    if os.geteuid() == 0:
        # ngircd gives up root's rights before it reads any file.
        for opened in (Path(folder), Path(folder).parent):
            # Only add rights: the parent folder may be /tmp.
            opened.chmod(opened.stat().st_mode | 0o055)
    user = "ServerUID = nobody" if os.geteuid() == 0 else ""
    Path(folder, "motd.txt").write_text("Hello.\n")
    config = Path(folder, file)
    config.write_text(text.format(port=port, folder=folder, user=user))
    words = [word.format(config=config) for word in command.split()]
    os.execvp(words[0], words)


if __name__ == "__main__":
    main(*sys.argv[1:])
