"""conformance: a suite that drives any socket server through scenarios and judges it.

The contract is SPEC.md. The suite talks to the server under judgement over its
sockets and, for what a person sees, over a terminal; it never imports the server,
and it never imports pync: it runs it.
"""

from __future__ import annotations

__version__: str


def __getattr__(name: str) -> str:
    """``__version__``, of the distribution: read when it is asked for, as that takes 20 ms."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pync-nc")
    except PackageNotFoundError:
        return "unknown"  # run from a checkout that is not installed
