"""Broken servers: the reference servers with one named fault each.

They prove that the suite can see what it claims to see: each is killed by the
requirement that it names (``selftest``).
"""
