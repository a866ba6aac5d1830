"""Waiting for descriptors, and being woken up by signals: below everything that has a socket."""
