"""Run the tests without the programs with which they compare pync.

PATH is a folder of links to all commands of this machine except those programs. A test must look
for a program before it starts anything, and is then skipped; a test that needs none must pass.

Arguments: the tests for pytest; by default all tests that look for such a program.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: Commands that a test may look for and that a machine may lack. (``python`` exists only in
#: virtual environments, ``python3`` everywhere.)
MISSING = re.compile(
    r"nc(\.\w+)?|netcat|ncat|socat|telnet(\.\w+)?|curl|openssl|strace|busybox"
    r"|node|nodejs|npm|npx|python|gcc(-\d+)?|g\+\+|cc|c99|clang|tclsh[\d.]*|rustc|cargo|go|javac?"
    r"|perl|chromium|nginx|lighttpd|apache2|caddy|ngircd|inspircd|haproxy|stunnel4?"
    r"|redis-server|memcached|nutcracker|postfix|smtp-sink|aiosmtpd|inetd|jq|microsocks|tinyproxy"
    r"|zsh|fish|groff|mandoc|bwrap|podman|dovecot|vsftpd|slapd|prosody|mariadbd"
)

#: The tests that look for one of these commands.
ASKING = (
    "tests/interop",
    "tests/cookbook",
    "tests/profiles",
    "tests/suite/test_guides.py",
    "tests/suite/test_implementations.py",
    "tests/suite/test_verdicts.py",
    "tests/suite/test_strange_servers.py",
    "tests/suite/test_doctor.py",
    "tests/e2e/test_usage.py",
    "tests/e2e/test_completion.py",
    "tests/house/test_pages.py",
)


def farm(folder: Path) -> None:
    """Fill a folder with links to the commands of PATH."""
    for place in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if not os.path.isdir(place):
            continue
        for command in os.scandir(place):
            link = folder / command.name
            if MISSING.fullmatch(command.name) or os.path.lexists(link):
                continue
            if os.access(command.path, os.X_OK):
                link.symlink_to(os.path.abspath(command.path))


def main(arguments: list[str]) -> int:
    """Run pytest; return its status."""
    with tempfile.TemporaryDirectory() as folder:
        farm(Path(folder))
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "auto", *(arguments or ASKING)],
            cwd=ROOT,
            env={**os.environ, "PATH": folder},
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
