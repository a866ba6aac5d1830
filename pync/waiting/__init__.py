"""Waiting for descriptors, and waking up for signals; used by everything that has a socket."""
