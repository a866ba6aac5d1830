"""What was asked for: every option of every dialect is a field, and nothing else is.

A dialect fills it from its command line; programs only read it. Immutable.
"""

# No postponed annotations: NamedTuple compiles each as text (typing.ForwardRef) at every start.

from typing import TYPE_CHECKING, Literal, NamedTuple

from .address import Address

if TYPE_CHECKING:
    from .fault import Fault

#: See Endings.
WhenPeerEnds = Literal["leave", "stay", "begun", "waiting"]
WhenOutputGone = Literal["leave", "finish", "stay"]

#: What a proxy speaks; ``socks``, which a server can be, is both versions.
ProxyKind = Literal["http", "socks", "socks4", "socks5"]


class Endings(NamedTuple):
    """When to leave: the policy in which the incumbents disagree, in one place.

    ``shutdown``: our EOF becomes FIN.

    ``on_peer_end``: what the peer's FIN means while our input is open. What has been read is
    sent in any case.

    - ``leave``: read no more input.
    - ``stay``: send the input to its end.
    - ``begun``: ``stay`` if the input has given a byte, or has one now; else ``leave``.
    - ``waiting``: send what the input gives without a pause, then ``leave``.

    ``on_output_gone``: what it means that nobody reads our output any more.

    - ``leave``: leave when a write fails, or when the input is over.
    - ``finish``: leave when the input is over; what is received until then is dropped.
    - ``stay``: leave when a write fails.

    ``quit_after``: seconds to leave after our EOF; ``quit_fails``: which is a failure then.
    ``leave_when_sent``: leave once our EOF has been sent and acknowledged. ``answer_wait``:
    datagrams have no end; leave when none has come for so many seconds after our EOF.
    ``truncated_ends``: an end without close_notify (TLS) is the peer's end, and told; False: it
    is a failure, and what is behind us must not take it for the end.
    ``whole``: where our EOF cannot be sent, because the connection ends as a whole only (a named
    pipe of bytes), it is ended. ``idle``: seconds. ``eof_after``: seconds that the peer must
    have sent nothing for before our EOF is sent; None: it is sent at once. ``eof_of_nothing``: with
    ``eof_after``, whether EOF is sent too when our input was empty.
    """

    shutdown: bool = True
    on_peer_end: WhenPeerEnds = "leave"
    on_output_gone: WhenOutputGone = "leave"
    quit_after: float | None = None
    quit_fails: bool = False
    leave_when_sent: bool = False
    answer_wait: float | None = None
    idle: float | None = None
    eof_after: float | None = None
    eof_of_nothing: bool = True
    truncated_ends: bool = True
    whole: bool = False


class OnPeerEnd(NamedTuple):
    """``Endings.on_peer_end`` for each kind of input (a socket counts as a pipe).

    A client sends a pipe or a file to its end: a FIN ends one direction only. The input of a
    listener is often a pipe that is never written (a supervisor's, a CI job's, ssh's), which
    must not hold it. With -k the input is not one client's: what is typed on a terminal or
    comes by a pipe after a client's end is for the next one.
    """

    terminal: WhenPeerEnds = "leave"
    file: WhenPeerEnds = "stay"
    pipe: WhenPeerEnds = "stay"


class Proxy(NamedTuple):
    """One proxy to pass: what it speaks (http, socks4, socks5), where it is, who we are.

    ``password`` None: a person is asked for it when the proxy asks who we are. ``given``:
    user and password as one text, where it is sent as it was given (ncat).
    Or one to be (``serves``): what it speaks (socks too, which is both) and who may use it.
    """

    kind: ProxyKind
    host: str
    port: str
    user: str | None = None
    password: str | None = ""
    given: str | None = None


#: ``--accept-proxy-protocol`` without a list: every client is taken for a proxy.
ANYONE = "*"


class Config(NamedTuple):
    """One command line, read. Durations are seconds."""

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
    pass_fd: bool = False
    recv_buffer: int | None = None
    send_buffer: int | None = None
    ttl: int | None = None
    min_ttl: int | None = None
    tos: int | None = None
    random_ports: bool = False
    md5sig: bool = False
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

    # proxies (proxy_protocol: what nc's proxy speaks; of pync, the header that is sent onward)
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

    # Windows named pipes
    pipe_mode: str | None = None
    pipe_access: str | None = None
    pipe_remote: bool = False

    # until, count, expect, rate
    until: str | None = None
    count: int | None = None  # type: ignore[assignment]  # hides tuple.count, which nobody needs
    delimiter: bytes | None = None
    rate: float | None = None
    expect: str | None = None
    progress: bool = False
    edit: bool = False
    timestamps: bool = False

    # Read off the fields above by the dialect, so that programs need no dialect.
    program: str = "client"
    verifies: bool = True
    lenient: bool = False
    happy_eyeballs: bool = True
    dual_stack: bool = False
    own_path: bool = False
    address: Address | None = None
    onward: tuple[Address, ...] = ()
    faults: tuple["Fault", ...] = ()
    controlled_at: Address | None = None
    ports: tuple[str, ...] = ()
    endings: Endings = Endings()
    on_peer_end: OnPeerEnd = OnPeerEnd()
    closes_output: bool = False
    proxies: tuple[Proxy, ...] = ()
    serves: Proxy | None = None
    notice: str | None = None


#: Seconds that the peer of a TLS connection must have sent nothing for before it gets our
#: close_notify. Most servers stop answering at once when they get it (RFC 5246 7.2.1), so a
#: client waits for the answer; a listener has only to see that nothing is being sent to it.
AWAITING_ANSWER, AWAITING_DATA = 2.0, 0.5


def over_tls(endings: Endings, config: Config) -> Endings:
    """The endings, with close_notify held back where TLS is asked for."""
    if not config.ssl:
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
        "proxies",
        "serves",
        "notice",
    }
)
