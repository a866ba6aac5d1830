"""Exit statuses. Each error class has its own; only ``__main__`` exits with it."""

from __future__ import annotations

#: The connection ended in order; with -z, a port is open.
OK = 0
#: Refused, reset, timed out, not resolved; with -z, no port is open.
NETWORK = 1
#: The command line makes no sense.
USAGE = 2

# Only with --exit-codes=detailed, in place of NETWORK:

#: The name has no address.
NOT_RESOLVED = 3
#: Nobody listens there.
REFUSED = 4
#: No route to the host or its network.
UNREACHABLE = 5
TIMED_OUT = 6
#: The peer reset the connection.
BROKEN = 7
#: The address cannot be listened on.
NOT_LISTENING = 8
#: TLS failed: the certificate, the versions, the handshake.
NOT_SECURED = 9
#: A proxy refused, or did not speak its protocol.
PROXY = 10
#: What --expect, --until or --count waits for did not come.
UNMET = 11
#: The command could not be run.
NOT_RUN = 12
#: The output could not be written.
NOT_WRITTEN = 13

#: ^C, as a shell counts a death by SIGINT.
INTERRUPTED = 130
#: The reader of our output is gone, as a shell counts a death by SIGPIPE.
OUTPUT_GONE = 141

#: What a signal adds to, in a shell's count of a death by it.
SIGNAL = 128
