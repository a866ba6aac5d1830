"""Broken servers: the reference servers with one named fault each.

They prove that the suite can detect these faults: each mutant is killed by the requirement that
it names (``selftest``).
"""
