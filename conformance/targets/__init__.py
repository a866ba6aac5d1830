"""Targets: what is judged, how it is started, and when it is ready.

grammar (pure) says what a TARGET means; address how to reach it; spawn starts and
stops a process; readiness waits until it answers; launch puts them together.
"""
