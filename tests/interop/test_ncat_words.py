"""Messages about command lines from ncat, and from pync as ncat: equal text and exit status."""

from __future__ import annotations

import shutil
import socket
import subprocess
from contextlib import ExitStack

import pytest

from ..peer import DEADLINE
from ..programs import PYNC, needs

#: Command lines that end without reaching a peer.
WORDS = """
-y
-w
-w x localhost 1
-w 0 localhost 1
-i x h 1
-i 0 h 1
-d x h 1
--nosuch h 1
--output
--crlf=1 h 1

-U
-lU
-U /none
-U /none/none
localhost 1
127.0.0.1 1
-n 127.0.0.1 1
127.0.0.1 1 -4
-w 100ms 127.0.0.1 1
-w 2 127.0.0.1 1
-i 1 127.0.0.1 1
--wait=5 ::1 1
-6 ::1 1
127.0.0.1 70000
127.0.0.1 http x
127.0.0.1 httpx
-l 1 2 3
-p x h 1
-p 70000 h 1
no-such-host.invalid 80
no-such-host.invalid
-n localhost 1
-4 ::1 1
-z 127.0.0.1 1
-l -z 1
-o /no/such/folder/x 127.0.0.1 1
-x /no/such/folder/x 127.0.0.1 1
--send-only 127.0.0.1 1
--recv-only 127.0.0.1 1
-C 127.0.0.1 1
--no-shutdown 127.0.0.1 1
-lU /no/such/folder/socket
-l 192.0.2.1 31337
-l no-such-host.invalid 31337
-g 127.0.0.1 127.0.0.1 1
-4 -g 127.0.0.1,::1 127.0.0.1 1
-4 -g no-such-host.invalid 127.0.0.1 1
-4 -g 1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5 -g 1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9 127.0.0.1 1
-4 -g , 127.0.0.1 1
-4 -G 8 127.0.0.1 1
-4 -G x 127.0.0.1 1
-G 3 127.0.0.1 1
-G 40 127.0.0.1 1
-4 -w 300ms -g 127.0.0.1 127.0.0.1 1
-4 -w 300ms -g 127.0.0.1 -g 127.0.0.2 127.0.0.1 1
--proxy 127.0.0.1:1 127.0.0.1 80
--proxy 127.0.0.1:1 no-such-host.invalid 80
--proxy 127.0.0.1:1 --proxy-type socks4 127.0.0.1 80
--proxy 127.0.0.1:1 --proxy-type socks5 127.0.0.1 80
--proxy 127.0.0.1:1 --proxy-dns local no-such-host.invalid 80
--proxy no-such-host.invalid:1 127.0.0.1 80
--vsock
--vsock x 1
--vsock 1 x
--vsock -l 5 x
--vsock -l 5999 7
-w x -w 1 127.0.0.1 1
-i x -w y 127.0.0.1 1
-w x -Y 127.0.0.1 1
-Y -w x 127.0.0.1 1
-w x -h
-4 -6 127.0.0.1 1
-6 -4 127.0.0.1 1
-p x -p {port} 127.0.0.1 1
-G 3 -4 -G 4 -g 127.0.0.1 127.0.0.1 1
-o /no/such/folder/x -o /dev/null 127.0.0.1 1
-o /dev/null -o /no/such/folder/x 127.0.0.1 1
-e true -e false 127.0.0.1 1
-c true -e false 127.0.0.1 1
-c true -c false 127.0.0.1 1
--proxy 127.0.0.1:1 --proxy 127.0.0.1:1 127.0.0.1 1
--proxy-auth a:b --proxy-auth a:b --proxy 127.0.0.1:1 127.0.0.1 1
--proxy-type http --proxy-type http --proxy 127.0.0.1:1 127.0.0.1 1
--proxy-auth a:b 127.0.0.1 1
--proxy-dns local 127.0.0.1 1
--proxy-dns x 127.0.0.1 1
--proxy-dns x -l 192.0.2.1 1
--proxy-type socks5 127.0.0.1 1
--proxy-type x 127.0.0.1 1
--proxy-auth a:b -l 192.0.2.1 1
--proxy-dns local -l 192.0.2.1 1
--ssl-key /x 127.0.0.1 1
--ssl-cert /x 127.0.0.1 1
--ssl-key /x -l 192.0.2.1 1
--ssl-cert /x -l 192.0.2.1 1
--ssl-servername x -l 192.0.2.1 1
--ssl-verify -l 192.0.2.1 1
--ssl-alpn x -l 192.0.2.1 1
--ssl-alpn x,y 127.0.0.1 1
--allow 1.2.3.4 127.0.0.1 1
--deny 1.2.3.4 127.0.0.1 1
--allowfile /dev/null 127.0.0.1 1
--denyfile /dev/null 127.0.0.1 1
--broker 192.0.2.1 1
--chat 192.0.2.1 1
-l --chat 192.0.2.1 1
-m 5 -l 192.0.2.1 1
-m 5 -lk 192.0.2.1 1
-m 5 127.0.0.1 1
--append-output 127.0.0.1 1
-4 -G 4 127.0.0.1 1
--send-only --recv-only 127.0.0.1 1
-U --ssl /nonexist/x
-lU -p 1 /nonexist/x
-u -e /bin/true -l 192.0.2.1 1
-z -e /bin/true 127.0.0.1 1
-z -l -e /bin/true 192.0.2.1 1
--broker -z 192.0.2.1 1
-l --proxy 127.0.0.1:1 192.0.2.1 1
-U --proxy 127.0.0.1:1 /x
-u --proxy 127.0.0.1:1 127.0.0.1 1
--proxy 127.0.0.1 127.0.0.1 1
--proxy 127.0.0.1:1 -w 1 127.0.0.1 1
-lk -l --keep-open 192.0.2.1 1
-l -p 1 192.0.2.1 2
-l -s 127.0.0.1 192.0.2.1 1
-w 1 -l 192.0.2.1 1
-i 1 -l 192.0.2.1 1
-l -U -s /x
-l -m 5 -u 192.0.2.1 1
-l -m 5 -U /nonexist/x
-lz -c true 192.0.2.1 1
--proxy-dns both 127.0.0.1 1
-l --ssl-alpn x --ssl-key k 192.0.2.1 1
--proxy-type x --allow 1.1.1.1 h 1
""".strip("\n").split("\n")


#: Its messages begin with the name by which it was started.
THEIRS = ["ncat"]


def run(command: list[str], words: list[str]) -> tuple[int, bytes, bytes]:
    """Status, stdout and stderr of a program without input."""
    done = subprocess.run(
        [*command, *words],
        executable=shutil.which("ncat") if command == THEIRS else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=DEADLINE,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("words", WORDS)
def test_messages_are_equal(words: str, port: int) -> None:
    needs("ncat")
    given = words.format(port=port).split()
    assert run([*PYNC, "--as=ncat"], given) == run(THEIRS, given)


def test_version_is_on_stderr_as_with_ncat() -> None:
    needs("ncat")
    status, shown, said = run([*PYNC, "--as=ncat"], ["--version"])
    assert (status, shown) == run(THEIRS, ["--version"])[:2]
    assert said.startswith(b"Ncat: Version ")


@pytest.mark.parametrize(
    "options", ["-l", "-l -4", "-l -6", "-lk", "-l localhost", "-lk -e /bin/cat"]
)
def test_error_about_a_port_in_use_names_the_address(options: str, port: int) -> None:
    needs("ncat")
    with ExitStack() as stack:
        for host, family in (("0.0.0.0", socket.AF_INET), ("::", socket.AF_INET6)):
            sock = stack.enter_context(socket.socket(family))
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((host, port))
            sock.listen()
        words = [*options.split(), str(port)]
        assert run([*PYNC, "--as=ncat"], words) == run(THEIRS, words)
