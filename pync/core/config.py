"""The parsed command line: every option of every dialect is a field.

A dialect fills it; programs only read it. Immutable.
"""

from __future__ import annotations

from .address import DATAGRAMS, WEBSOCKETS, Address
from .endings import Endings, OnPeerEnd
from .typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Literal

    from .fault import Fault

    #: The program whose format a hexadecimal dump has.
    DumpForm = Literal["ncat", "netcat"]

    #: The protocol of a proxy; ``socks`` stands for both versions, in a server.
    ProxyKind = Literal["http", "socks", "socks4", "socks5"]


class Proxy(NamedTuple):
    """One proxy to connect through: its protocol (http, socks4, socks5), its address, our login.

    ``password`` None: the user is asked for it when the proxy requires a login. ``given``:
    user and password as one text, where it is sent unchanged (ncat).
    In ``serves``, it is our own proxy server: its protocol (also socks), and the login of clients.
    """

    kind: ProxyKind
    host: str
    port: str
    user: str | None = None
    password: str | None = ""
    given: str | None = None


#: ``--accept-proxy-protocol`` without a list: every client counts as a proxy.
ANYONE = "*"


class Config(NamedTuple):
    """One parsed command line. Durations are seconds."""

    target: tuple[str, ...] = ()
    listen: bool = False
    keep_open: bool = False
    udp: bool = False
    unixsock: bool = False
    ipv4: bool = False
    ipv6: bool = False
    nodns: bool = False
    verbose: int = 0
    source_port: str | None = None
    source: str | None = None
    wait: float | None = None
    quit_after: float | None = None
    shutdown: bool = False
    no_shutdown: bool = False
    half_open: bool = False
    no_stdin: bool = False
    send_only: bool = False
    recv_only: bool = False
    zero_io: bool = False
    ping: bool = False
    interval: float | None = None
    crlf: bool = False
    idle_timeout: float | None = None
    connect_timeout: float | None = None
    help: bool = False
    version: bool = False
    completion: str | None = None

    # nc
    broadcast: bool = False
    debug_socket: bool = False
    keepalive: bool | tuple[int, ...] = False
    pass_fd: bool = False
    recv_buffer: int | None = None
    send_buffer: int | None = None
    ttl: int | None = None
    min_ttl: int | None = None
    tos: int | None = None
    random_ports: bool = False
    md5sig: bool = False
    multicast_ttl: int | None = None
    multicast_loop: int | None = None
    device: str | None = None
    reuse_port: bool = False
    mptcp: bool = False
    fastopen: bool = False
    rtable: str | None = None
    recv_limit: int | None = None
    dccp: bool = False

    # ncat
    output: str | None = None
    hex_dump: str | None = None
    append_output: bool = False
    delay: float | None = None
    test: bool = False
    sctp: bool = False
    vsock: bool = False
    loose_route: tuple[str, ...] = ()
    route_pointer: int | None = None

    # exec, broker, access lists
    exec: str | None = None
    sh_exec: str | None = None
    lua_exec: str | None = None
    broker: bool = False
    chat: bool = False
    max_conns: int | None = None
    workers: int | None = None
    allow: tuple[str, ...] = ()
    allowfile: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    denyfile: tuple[str, ...] = ()
    allow_target: tuple[str, ...] = ()
    deny_target: tuple[str, ...] = ()

    # TLS
    ssl: bool = False
    ssl_verify: bool = False
    insecure: bool = False
    ssl_cert: str | None = None
    ssl_key: str | None = None
    ssl_trustfile: str | None = None
    ssl_ciphers: str | None = None
    ssl_servername: str | None = None
    ssl_alpn: str | None = None
    ssl_min_version: str | None = None
    ssl_max_version: str | None = None
    ssl_keylog: str | None = None
    starttls: str | None = None

    # proxies (proxy_protocol: in nc, the proxy's protocol; in pync, the header to send onward)
    proxy_user: str | None = None
    proxy_protocol: str | None = None
    proxy_address: str | None = None
    proxy: tuple[str, ...] = ()
    proxy_type: str | None = None
    proxy_auth: str | None = None
    proxy_auth_file: str | None = None
    proxy_dns: str | None = None

    # relay
    to: tuple[str, ...] = ()
    to_ssl: bool = False
    to_insecure: bool = False
    to_ssl_cert: str | None = None
    to_ssl_key: str | None = None
    to_ssl_trustfile: str | None = None
    to_ssl_ciphers: str | None = None
    to_ssl_servername: str | None = None
    to_ssl_alpn: str | None = None
    to_ssl_min_version: str | None = None
    to_ssl_max_version: str | None = None
    to_starttls: str | None = None
    if_refused: str | None = None
    balance: str | None = None
    accept_proxy_protocol: str | None = None
    drain: float | None = None
    reconnect: float | None = None
    fault: tuple[str, ...] = ()
    fault_seed: int | None = None
    control: str | None = None
    control_client: bool = False

    # telnet
    telnet: bool = False
    binary: bool = False
    binary_output: bool = False
    login: bool = False
    no_login: bool = False
    user: str | None = None
    bind: str | None = None
    escape: tuple[str, ...] = ()
    no_escape: bool = False
    rlogin: bool = False
    trace: str | None = None
    no_rc: bool = False
    debug: bool = False
    encrypt: bool = False
    realm: str | None = None
    disable_auth: str | None = None
    usage: bool = False

    # scan, JSON, retry
    banner: float | None = None
    json: bool = False
    retry: tuple[int, float] | None = None
    exit_codes: str | None = None
    accept_timeout: float | None = None
    report_port: str | None = None

    # WebSocket
    header: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    subprotocol: tuple[str, ...] = ()
    ws_text: bool = False
    ws_binary: bool = False
    ws_deflate: bool = False
    ping_interval: float | None = None

    # Windows named pipes
    pipe_mode: str | None = None
    pipe_access: str | None = None
    pipe_remote: bool = False

    # until, count, expect, rate
    until: str | None = None
    count: int | None = None  # type: ignore[assignment]  # hides tuple.count, which is not used
    delimiter: bytes | None = None
    rate: float | None = None
    expect: str | None = None
    progress: bool = False
    edit: bool = False
    timestamps: bool = False

    # the terminal
    raw: bool = False
    show: str | None = None
    input: str | None = None
    marks: bool = False
    colour: str | None = None

    # Computed by the dialect from the fields above, so that programs do not need the dialect.
    program: str = "client"
    verifies: bool = True
    lenient: bool = False
    happy_eyeballs: bool = True
    dual_stack: bool = False
    own_path: bool = False
    address: Address | None = None
    onward: tuple[Address, ...] = ()
    faults: tuple[Fault, ...] = ()
    controlled_at: Address | None = None
    ports: tuple[str, ...] = ()
    endings: Endings = Endings()
    on_peer_end: OnPeerEnd = OnPeerEnd()
    closes_output: bool = False
    filters_screen: bool = False
    dump_form: DumpForm = "ncat"
    proxies: tuple[Proxy, ...] = ()
    serves: Proxy | None = None
    notice: str | None = None


#: Seconds for which a TLS peer must have sent nothing before we send close_notify. Most servers
#: stop answering at once when they receive it (RFC 5246 7.2.1), so a client waits for the answer; a
#: listener only has to wait until the client has sent everything. The same holds for the Close
#: frame of a WebSocket, after which no answer may come (RFC 6455 5.5.1).
AWAITING_ANSWER, AWAITING_DATA = 2.0, 0.5


#: What the end of a peer by DTLS means: close_notify ends both directions (RFC 5246 7.2.1).
BOTH_END = OnPeerEnd("leave", "leave", "leave")


def is_dtls(config: Config) -> bool:
    """Return whether TLS is used over datagrams."""
    of_datagrams = config.address is not None and config.address.scheme in DATAGRAMS
    return bool(config.ssl) and (bool(config.udp) or of_datagrams)


def over_tls(endings: Endings, config: Config) -> Endings:
    """Return the endings; with TLS, close_notify is held back, and so is a Close frame.

    With DTLS it is sent at the exit.
    """
    if is_dtls(config):
        return endings
    if not config.ssl and (config.address is None or config.address.scheme not in WEBSOCKETS):
        return endings
    after = AWAITING_DATA if config.listen else AWAITING_ANSWER
    return endings._replace(eof_after=after, eof_of_nothing=not config.listen)


#: Fields that are not options: the dialect computes them.
WORKED_OUT = frozenset(
    {
        "program",
        "verifies",
        "lenient",
        "happy_eyeballs",
        "dual_stack",
        "own_path",
        "address",
        "onward",
        "faults",
        "controlled_at",
        "ports",
        "endings",
        "on_peer_end",
        "closes_output",
        "filters_screen",
        "dump_form",
        "proxies",
        "serves",
        "notice",
    }
)
