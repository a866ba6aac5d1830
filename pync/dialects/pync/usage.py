"""pync's USAGE: the one text from which its options, help, manual and guide are made.

It fits 80 columns. The options are in groups; `pync --help tls` shows the group "TLS options".
"""

from __future__ import annotations

USAGE = """\
Connect to, or listen on, TCP, UDP, Unix sockets and Windows named pipes; TLS.

Usage:
  pync [options] [--] [TARGET]...

  pync HOST PORT          connect (also tcp://HOST:PORT, HOST:PORT)
  pync -l [HOST] PORT     listen; without HOST on IPv4 and IPv6
  pync -u HOST PORT       UDP; -lu listens
  pync -U PATH            a Unix socket; -lU listens; @NAME is abstract
  pync ws://HOST/PATH     a WebSocket (wss:// by TLS); -l ws://:PORT listens
  pync pipe:NAME          a Windows named pipe; -l pipe:NAME listens
  pync -l fd:3            an inherited listening socket; systemd: its sockets
  pync -lk ADDRESS ONWARD join each client to ONWARD (tcp://, tls://, ws://,
                          unix:, udp://)
  pync --ping HOST PORT   measure connect times
  pync -z HOST PORT...    scan ports: 80,443 or 20-30; -zU PATH
  pync conformance COMMAND       judge servers (see pync conformance --help)
  pync install-links DIR [NAME]  links in DIR: nc, ncat, telnet, or only NAME
  pync --help GROUP              only these options: ending, data, screen, tls,
                                 websocket, proxy, server, relay, fault, scan,
                                 socket, pipe

Options:
  -l --listen                    Listen instead of connecting.
  -k --keep-open                 With -l: serve several clients, one after the
                                 other.
  -u --udp                       Datagrams: UDP, or with -U a Unix datagram
                                 socket.
  -U --unixsock                  TARGET is the path of a Unix socket.
  -4 --ipv4                      IPv4 only.
  -6 --ipv6                      IPv6 only.
  -n --nodns                     Do not look up names.
  -p --source-port=PORT          Port to connect from; with -l, to listen on.
  -s --source=ADDRESS            Address to connect from; with -l, to listen on.
  -z --zero-io                   Only check whether ports are open.
     --ping                      Connect again and again, and report how long it
                                 takes; --count=N times, -i TIME apart (1s).
  -d --no-stdin                  Do not read standard input.
  -v --verbose                   Report connections and errors on stderr.
  -h --help                      Show this help.
     --version                   Show the version.
     --completion=SHELL          Print the completion script of bash, zsh or
                                 fish.

Ending options:
  -w --wait=TIME                 Exit with status 1 if connecting takes longer
                                 than TIME, or if no data moves for TIME.
     --connect-timeout=TIME      Exit with status 1 after TIME without a
                                 connection.
     --accept-timeout=TIME       With -l: exit with status 1 after TIME without
                                 a client.
     --idle-timeout=TIME         Exit with status 1 after TIME without data.
  -q --quit-after=TIME           Exit at most TIME after the input has ended.
  -N --shutdown                  Send FIN when our input ends (the default); by
                                 TLS, at once.
     --no-shutdown               Send no FIN when our input ends.
     --half-open                 After the peer's end, keep sending until the
                                 input ends.
     --send-only                 Discard what is received; exit when the input
                                 is sent.
     --recv-only                 Send nothing; exit at the peer's end.
     --until=REGEX               Exit when REGEX has been received; status 1 if
                                 it never is.
     --count=N                   Exit after N messages: lines, or datagrams.
  -W --recv-limit=N              Exit after N reads from the connection.
     --retry=N[:DELAY]           Connect again up to N times, DELAY (1s) apart,
                                 if it fails; with -z scan again until a port is
                                 open.
     --exit-codes=KIND           detailed: 3 not resolved, 4 refused, 5
                                 unreachable, 6 timed out, 7 reset, 8 cannot
                                 listen, 9 TLS, 10 proxy, 11 --expect, --until
                                 or --count not met, 12 --exec, 13 output, 14
                                 WebSocket; else 1 (plain).

Data options:
  -C --crlf                      Send CR LF for LF.
  -t --telnet                    Refuse all TELNET option requests and remove
                                 them from the output.
  -i --interval=TIME             Pause between lines sent, or between ports
                                 scanned.
     --delay=TIME                Wait TIME after sending each block.
     --rate=BYTES                At most BYTES a second, each way (500, 10K,
                                 1.5M).
     --delimiter=STRING          What ends a message, in place of LF (C
                                 escapes). Each message of the input is one
                                 datagram, or message of a named pipe, and each
                                 one received is written with STRING after it.
     --expect=FILE               Run the dialogue script FILE (expect "login: ",
                                 send "joe"). Exit status 1 if the peer sends
                                 anything else.
     --edit                      Edit lines on the terminal, with history (needs
                                 prompt_toolkit; PYNC_HISTORY names a file to
                                 keep it in).
     --progress                  Show the progress on the terminal (needs tqdm).
     --output=FILE               Write what is sent and received to FILE.
     --hex-dump=FILE             The same as a hexadecimal dump.
     --append-output             Append to the --output and --hex-dump files.
     --json                      Events as JSON, one object a line: the results
                                 of a scan on stdout, those of connections on
                                 stderr.

Screen options:
     --show=FORM                 Show what is received as text (the default),
                                 hex (a dump), or escape (text with C escapes).
     --input=FORM                Read what is sent as hex digits (hex), or as
                                 text with C escapes (escape). Line ends are not
                                 sent.
     --marks                     Show what is sent too. Each line begins with <
                                 (received) or > (sent).
     --colour=WHEN               Marked lines in colour: auto (on a terminal;
                                 NO_COLOR and CLICOLOR_FORCE count), always,
                                 never (also --color=WHEN).
     --timestamps                Begin each line with the time; with --output or
                                 a hex dump, write time, direction and size
                                 above each block there.
     --raw                       Pass every control sequence of the peer to the
                                 terminal. Without it, harmful ones (clipboard,
                                 title, queries) are shown as text. Files and
                                 pipes always get every byte.

TLS options:
     --ssl                       Use TLS (also tls://HOST:PORT); with -u DTLS
                                 (dtls://).
     --ssl-verify                Verify the peer's certificate (the default).
     --insecure                  Do not verify it; a warning is printed on
                                 stderr.
     --ssl-cert=FILE             Our certificate (PEM, DER, PKCS#12); a listener
                                 makes its own.
     --ssl-key=FILE              Its private key.
     --ssl-trustfile=FILE        PEM file of trusted certificates. With -l:
                                 clients must present a certificate signed by
                                 one of them.
     --ssl-ciphers=LIST          Cipher suites, as OpenSSL writes them.
     --ssl-servername=NAME       The name that the server's certificate must
                                 have.
     --ssl-alpn=LIST             Protocols to offer or accept, comma separated
                                 (ALPN).
     --ssl-min-version=VERSION   At least this version (1.2, 1.3; DTLS: 1.2).
     --ssl-max-version=VERSION   At most this one.
     --starttls=PROTOCOL         Start TLS with the command of this protocol
                                 (STARTTLS): ftp, imap, irc, ldap, lmtp, mysql,
                                 nntp, pop3, postgres, sieve, smtp, xmpp.
     --ssl-keylog=FILE           Append session secrets to FILE (or
                                 $SSLKEYLOGFILE), mode 0600.

WebSocket options:
     --header=HEADER             Send this header, NAME: VALUE, in the handshake
                                 (Cookie: ...). May be repeated.
     --origin=ORIGIN             The origin that the client sends. With -l: the
                                 origin of pages that may connect (* is any; may
                                 be repeated); the default is the host that the
                                 client asked for.
     --subprotocol=NAME          Request this subprotocol; with -l: accept it.
                                 May be repeated, the preferred one first.
     --ws-text                   Send text messages only; a line that is not
                                 UTF-8 is an error.
     --ws-binary                 Send each read as a binary message, and add
                                 nothing to received messages. With --delimiter,
                                 each delimited piece is a message.
     --ws-deflate                Offer permessage-deflate (compression).
     --ping-interval=TIME        Send a ping every TIME, and fail if the last
                                 one was not answered.

Proxy options:
     --proxy=PROXY               Connect through it:
                                 socks5://[USER@]HOST[:PORT], socks4://,
                                 http://. May be repeated: the connection goes
                                 through the proxies in the given order. A proxy
                                 server (-l --proxy-type) connects through them.
     --proxy-type=TYPE           The protocol of a PROXY without ://: http,
                                 socks4, socks5. With -l: run a proxy server for
                                 it (socks is 4, 4a and 5).
     --proxy-auth=USER:PASSWORD  User and password for the proxy;
                                 with -l --proxy-type, the login that clients
                                 need. Safer: set PYNC_PROXY_AUTH, as command
                                 lines are visible to other users.
     --proxy-auth-file=FILE      The same from the first line of FILE.
     --proxy-dns=WHERE           Where the name is looked up: remote (by the
                                 proxy), or local.
     --allow-target=LIST         With -l --proxy-type: connect to these only.
     --deny-target=LIST          Connect to none of these, even
                                 if --allow-target names them. Clients of other
                                 machines reach loopback and link-local
                                 addresses only if --allow-target names them.

Server options:
  -e --exec=COMMAND              Run COMMAND, without a shell, on the
                                 connection.
  -c --sh-exec=COMMAND           The same by /bin/sh.
     --broker                    With -l: send what one client sends to all the
                                 others.
     --chat                      The same, with the user's name before each
                                 line.
     --max-conns=N               At most N clients at once (100 with --exec).
     --workers=N                 With -lk: serve with N processes that share the
                                 port: for a relay, a proxy server or --exec.
     --allow=LIST                Accept only these: addresses, networks
                                 (10.0.0.0/8), ranges (10.0.0-3.*) and names,
                                 comma separated. May be repeated, like the next
                                 three; the lists add up.
     --allowfile=FILE            Accept only those in FILE; # begins a comment.
     --deny=LIST                 Refuse these, even if --allow names them.
     --denyfile=FILE             Refuse those in FILE.
     --accept-proxy-protocol=FROM  Expect a PROXY protocol header (v1 or
                                 v2), which names the real client. Only the
                                 proxies in FROM may connect; without =FROM any
                                 client may, and is believed.
     --report-port=FILE          With -l: write the listening port to FILE;
                                 without =FILE to stderr.

Relay options:
     --to=ADDRESS                Join each connection to ADDRESS, as a second
                                 address does: tcp://HOST:PORT, HOST:PORT,
                                 tls://, unix:PATH, sctp://, udp://, unixgram:,
                                 vsock://CID:PORT, ws://, wss://;
                                 exec:COMMAND and - (standard input and output).
                                 May be repeated: the first that answers is
                                 taken.
     --to-ssl                    Use TLS for the onward connection (also
                                 tls://HOST:PORT), DTLS with UDP (dtls://).
     --to-insecure               Do not verify the onward server's certificate.
     --to-ssl-cert=FILE          Our certificate for the onward connection.
     --to-ssl-key=FILE           Its private key.
     --to-ssl-trustfile=FILE     PEM file of certificates trusted onward.
     --to-ssl-ciphers=LIST       Cipher suites of the onward connection.
     --to-ssl-servername=NAME    The name that the onward server's certificate
                                 must have.
     --to-ssl-alpn=LIST          Protocols to offer onward (ALPN).
     --to-ssl-min-version=V      At least this version of TLS onward.
     --to-ssl-max-version=V      At most this one.
     --to-starttls=PROTOCOL      As --starttls, onward.
     --balance=HOW               Which of several onward addresses is tried
                                 first: round-robin, or random; without it
                                 always the first one.
     --if-refused=HOW            What a client gets when its onward connection
                                 cannot be made: reset (the default), or close.
     --proxy-protocol=VERSION    Send a PROXY protocol header (v1 or v2) onward
                                 that names the client.
     --reconnect=DELAY           Without -l: connect both addresses again, DELAY
                                 after an end or failure (1s without =DELAY).
                                 With --exec: connect and run COMMAND again.
     --drain=TIME                On SIGTERM accept no new clients, and give the
                                 connected ones TIME to finish.

Fault options:
     --fault=FAULT               Make a relay behave like a bad line: [up|down]
                                 NAME[=VALUE] [share=N%] [from=T] [to=T], for
                                 example 'delay=150ms±50ms', 'down
                                 cut-after=64K'. Up is from the client to the
                                 server. May be repeated. NAME is delay, rate,
                                 slice, cut-after, reset-after, stall-after,
                                 reset-at, drop-fin, no-half-close, refuse,
                                 corrupt or blackhole; of datagrams delay, rate,
                                 corrupt, blackhole, loss, duplicate, reorder,
                                 truncate.
     --fault-seed=N              The seed of all random decisions (1).
     --control=ADDRESS           Accept commands for a relay at this address:
                                 unix:PATH, or tcp:// on this machine.
     --control-client            Send a command to a relay: the arguments are
                                 its ADDRESS and list, add FAULT, remove N,
                                 kill N [fin|rst], close or open (the listener).
                                 N may be all.

Scan options:
  -r --random-ports              Scan ports in random order.
     --banner=TIME               With -z: wait TIME for the first data of an
                                 open port; show it.

Socket options:
  -I --recv-buffer=BYTES         Size of the socket's receive buffer.
  -O --send-buffer=BYTES         Size of the socket's send buffer.
  -T --tos=KEYWORD               Type of service: lowdelay, ef, af11, cs1, 0x10
                                 ...
  -M --ttl=TTL                   TTL, or hop limit, of sent packets.
  -m --min-ttl=TTL               Least TTL, or hop limit, of received packets.
     --multicast-ttl=TTL         The same for packets to multicast groups (0:
                                 this machine only; the default is --ttl, or 1).
     --multicast-loop=WHEN       on (the default) or off: whether this machine
                                 receives its own packets to a group.
     --device=INTERFACE          Send and receive through this interface only.
     --keepalive=IDLE[,INTERVAL[,COUNT]]  Probe a silent peer after IDLE, then
                                 every INTERVAL, and give up after COUNT probes
                                 without an answer.
     --reuse-port                Share the port with other sockets that set it
                                 too (SO_REUSEPORT).
     --mptcp                     Use several paths for one connection, if the
                                 peer supports it (RFC 8684; Linux).
     --fastopen                  Send the first data with the SYN (RFC 7413;
                                 Linux): for a client that speaks first.
  -b --broadcast                 Allow datagrams to a broadcast address.
  -D --debug-socket              Set SO_DEBUG on the socket.
  -S --md5sig                    Sign segments (RFC 2385); the key is
                                 PYNC_MD5SIG_KEY in the environment, or is typed
                                 on the terminal.
  -F --pass-fd                   Pass the connected socket to the reader of
                                 standard output (a Unix socket; SCM_RIGHTS),
                                 and exit.

Pipe options:
     --pipe-mode=MODE            What a named pipe carries: byte (the default),
                                 or message: each is read and written whole, and
                                 an empty one is the end.
     --pipe-access=WHO           With -l: who may open the pipe: user (the user
                                 of pync, the default), users, everyone, or an
                                 access list (SDDL).
     --pipe-remote               With -l: users of other machines too.

TIME is in seconds, or 500ms, 3s, 2m, 1h. Exit status: 0 the connection ended
normally (-z: a port is open), 1 refused, reset, timed out or not resolved, 2
wrong usage, 130 interrupted by ^C.
"""
