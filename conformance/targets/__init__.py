"""Targets: the programs that are judged, how they are started, and when they are ready.

grammar (pure) parses a TARGET; address says how to reach it; process starts and stops a
process; readiness waits until it answers; launch combines them.
"""
