"""Options that imply, need or exclude others; no option is ignored silently."""

from __future__ import annotations

import pytest

from pync.core.address import Address
from pync.core.errors import UsageError
from pync.dialects.pync import parse
from pync.dialects.pync.rules import OF_TLS


def option_of(name: str) -> str:
    return f"--{name.replace('_', '-')}"


#: TLS options that are flags or need another option.
WORDS = {
    "ssl_verify": "--ssl-verify",
    "insecure": "--insecure",
    "ssl_key": "--ssl-key=k --ssl-cert=c",
    "starttls": "--starttls=smtp",
}


@pytest.mark.parametrize("name", OF_TLS)
def test_tls_options_imply_ssl(name: str) -> None:
    words = WORDS.get(name, f"{option_of(name)}=1.3").split()
    assert parse([*words, "localhost", "9000"]).ssl
    over_udp = (["-u", "localhost", "9000"], ["udp://localhost:9000"], ["dtls://localhost:9000"])
    for udp in over_udp:
        if name == "starttls":
            with pytest.raises(UsageError, match="cannot use --starttls and -u"):
                parse([*words, *udp])
        else:
            config = parse([*words, *udp])
            assert config.ssl
            assert config.address == Address("udp", "localhost", "9000")
            # close_notify ends both directions, so it is sent only at the end.
            assert config.endings.eof_after is None
            assert set(config.on_peer_end) == {"leave"}


def test_certificate_of_a_listener_implies_ssl() -> None:
    assert parse(["-l", "--ssl-cert=c", "--ssl-key=k", "9000"]).ssl
    assert not parse(["-l", "9000"]).ssl


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("--ssl-key=k localhost 1", "--ssl-key needs --ssl-cert"),
        ("-l --insecure 1", "cannot use --insecure and -l"),
        ("-l --ssl-servername=x 1", "cannot use --ssl-servername and -l"),
        ("-l --ssl-verify 1", "--ssl-verify with -l needs --ssl-trustfile, to verify clients with"),
        ("--proxy-auth=a:b localhost 1", "--proxy-auth needs --proxy"),
        ("--proxy-auth-file=f localhost 1", "--proxy-auth-file needs --proxy"),
        ("--proxy-type=socks5 localhost 1", "--proxy-type needs --proxy"),
        ("--proxy-dns=local localhost 1", "--proxy-dns needs --proxy"),
        ("-l --proxy-auth=a:b 1", "cannot use --proxy-auth and -l without --proxy-type"),
        ("-l --allow-target=h 1", "--allow-target needs -l --proxy-type"),
        (
            "-l --proxy-type=http --proxy=p --deny-target=h 1",
            "cannot use --deny-target and --proxy: the last proxy looks the names up",
        ),
        ("-p 70000 localhost 1", "-p: '70000' is not a valid port (0-65535)"),
        ("-l -p 9000 9001", "two ports, -p 9000 and 9001: give one"),
        ("-l -s 127.0.0.1 -p 1 localhost", "two addresses, -s 127.0.0.1 and localhost: give one"),
        ("-l -s 127.0.0.1 localhost 1", "two addresses, -s 127.0.0.1 and localhost: give one"),
        ("-z --until=x localhost 1", "cannot use --until and -z"),
        ("-z --output=f localhost 1", "cannot use --output and -z"),
        ("--exec=cat --output=f localhost 1", "cannot use --exec and --output"),
        ("-l --broker --rate=1 1", "cannot use --broker and --rate"),
        ("-l --broker --show=hex 1", "cannot use --broker and --show"),
        ("-l --chat --raw 1", "cannot use --chat and --raw"),
        ("-l --chat --marks 1", "cannot use --chat and --marks"),
        ("-F --ssl localhost 1", "cannot use -F and --ssl"),
        ("-i 1 --rate=1 localhost 1", "cannot use -i and --rate"),
        ("-4 unix:/x", "cannot use -U and -4"),
        ("-S udp://localhost:1", "cannot use -S and -u"),
        (
            "--reconnect localhost 1",
            "--reconnect needs a second address or --exec: standard input can be sent only once",
        ),
        ("-lk --reconnect 1 tcp://h:1", "cannot use --reconnect and -l"),
        ("--reconnect --retry 3 tcp://h:1 tcp://h:2", "cannot use --reconnect and --retry"),
        ("--reconnect=0 tcp://h:1 tcp://h:2", "--reconnect: '0' is too short; the default is 1s"),
        ("--reconnect=soon tcp://h:1 tcp://h:2", "--reconnect: 'soon' is not a valid time"),
        ("-l --drain=1s 1 tcp://h:1", "--drain needs -k"),
        ("--control=unix:/x tcp://h:1 tcp://h:2", "--control needs -k"),
        ("fd:3", "fd:3 is a listening socket: pync -l fd:3"),
        ("-l fd:3 80", "an address in URL form stands alone"),
        ("-lu fd:3", "cannot use -u with fd:3"),
        ("-l -s 127.0.0.1 systemd:", "cannot use -s with systemd:"),
        ("-l -p 80 systemd:web", "cannot use -p with systemd:web"),
        ("-lS fd:3", "cannot use -S with fd:3"),
        ("--pipe-mode=message localhost 1", "--pipe-mode needs a named pipe (pipe:NAME)"),
    ],
)
def test_invalid_combinations(argv: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse(argv.split())
    assert str(refusal.value).startswith(said)


@pytest.mark.parametrize(
    "argv",
    [
        "-b udp://255.255.255.255:1",
        "-l --proxy-type=socks --proxy-auth=a:b 1",
        "--proxy=p --proxy-dns=local --proxy-type=socks5 --proxy-auth=a:b localhost 1",
        "-l --ssl-verify --ssl-trustfile=f 1",
        "-l -s 127.0.0.1 -p 1",
        "-l -p 1 localhost",
        "-p http localhost 1",
        "--pipe-mode=message pipe:x",
        "--reconnect tcp://h:1 tls://h:2",
        "--reconnect=5s h 1 --sh-exec=true",
        "-lk --ssl --max-conns 3 --allow 10.0.0.0/8 fd:3",
    ],
)
def test_valid_combinations(argv: str) -> None:
    parse(argv.split())
