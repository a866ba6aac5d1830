"""Values and errors that all other parts use. No I/O, no policy."""

#: The version of pync and of the suite; pyproject.toml reads it from here.
VERSION = "0.1.0"

#: The subcommands of ``pync conformance``.
SUITE_COMMANDS = frozenset(
    {
        *("run", "list", "explain", "selftest", "doctor", "new", "record"),
        *("matrix", "merge", "diff", "baseline"),
    }
)
