"""conformance: a suite that runs scenarios with any socket server and judges it.

The contract is SPEC.md. The suite talks to the judged server over its sockets and, for a
person's view, over a terminal. It never imports the server or pync: it runs them.
"""

from __future__ import annotations

__version__: str


def __getattr__(name: str) -> str:
    """Return ``__version__`` of the distribution, read only on demand, as that takes 20 ms."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pync-nc")
    except PackageNotFoundError:
        return "unknown"  # this is a checkout that is not installed
