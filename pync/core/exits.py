"""Exit statuses, as a table. Each error class has its own; only cli.py exits with it."""

from __future__ import annotations

OK = 0
NETWORK = 1
USAGE = 2

# Only with --exit-codes=detailed, in place of NETWORK.
NOT_RESOLVED = 3
REFUSED = 4
UNREACHABLE = 5
TIMED_OUT = 6
BROKEN = 7
NOT_LISTENING = 8
NOT_SECURED = 9
PROXY = 10
UNMET = 11
NOT_RUN = 12
NOT_WRITTEN = 13

#: ^C, as a shell counts a death by SIGINT.
INTERRUPTED = 130
#: The reader of our output is gone, as a shell counts a death by SIGPIPE.
OUTPUT_GONE = 141

#: What a signal adds to, in a shell's count of a death by it.
SIGNAL = 128

MEANING = {
    OK: "the connection ended in order; with -z, a port is open",
    NETWORK: "refused, reset, timed out, not resolved; with -z, no port is open",
    USAGE: "the command line makes no sense",
    NOT_RESOLVED: "the name has no address",
    REFUSED: "nobody listens there",
    UNREACHABLE: "no route to the host or its network",
    TIMED_OUT: "timed out",
    BROKEN: "the peer reset the connection",
    NOT_LISTENING: "the address cannot be listened on",
    NOT_SECURED: "TLS failed: the certificate, the versions, the handshake",
    PROXY: "a proxy refused, or did not speak its protocol",
    UNMET: "what --expect, --until or --count waits for did not come",
    NOT_RUN: "the command could not be run",
    NOT_WRITTEN: "the output could not be written",
    INTERRUPTED: "interrupted by ^C",
    OUTPUT_GONE: "the reader of the output is gone",
}
