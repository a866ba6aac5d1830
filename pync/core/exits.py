"""Exit statuses. Each error class has one; only ``__main__`` exits with it."""

from __future__ import annotations

#: The connection ended without an error; with -z, a port is open.
OK = 0
#: Refused, reset, timed out, not resolved; with -z, no port is open.
NETWORK = 1
#: The command line is invalid.
USAGE = 2

# Only with --exit-codes=detailed, in place of NETWORK:

#: The name has no address.
NOT_RESOLVED = 3
#: Nothing listens at the address.
REFUSED = 4
#: No route to the host or its network.
UNREACHABLE = 5
TIMED_OUT = 6
#: The peer reset the connection.
BROKEN = 7
#: Listening on the address failed.
NOT_LISTENING = 8
#: TLS failed: the certificate, the versions, the handshake.
NOT_SECURED = 9
#: A proxy refused, or did not speak its protocol.
PROXY = 10
#: The data that --expect, --until or --count waits for did not come.
UNMET = 11
#: The command could not be run.
NOT_RUN = 12
#: The output could not be written.
NOT_WRITTEN = 13

#: A WebSocket handshake failed, or the close code is not one of a normal end.
WEBSOCKET = 14

#: ^C: a shell's status for SIGINT.
INTERRUPTED = 130
#: The reader of our output has closed: a shell's status for SIGPIPE.
OUTPUT_GONE = 141

#: A shell's status for a death by a signal is this plus the signal's number.
SIGNAL = 128
