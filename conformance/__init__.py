"""conformance: a suite that drives any socket server through scenarios and judges it.

The contract is SPEC.md. The suite talks to the server under judgement over its
sockets and, for what a person sees, over a terminal; it never imports the server,
and it never imports pync: it runs it.
"""

from __future__ import annotations

__version__ = "0.1.0"
