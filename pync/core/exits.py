"""Exit statuses, as a table. Errors carry theirs; only cli.py turns one into the other."""

from __future__ import annotations

OK = 0
NETWORK = 1
USAGE = 2
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
    INTERRUPTED: "interrupted by ^C",
    OUTPUT_GONE: "the reader of the output is gone",
}
