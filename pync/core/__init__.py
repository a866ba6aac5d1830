"""The vocabulary: values and errors that every other part speaks in. No I/O, no policy."""

#: Of pync and of the suite: pyproject.toml reads it from here.
VERSION = "0.1.0"

#: What may follow ``pync conformance``.
SUITE_COMMANDS = frozenset(
    {
        *("run", "list", "explain", "selftest", "doctor", "new", "record"),
        *("matrix", "merge", "diff", "baseline"),
    }
)
