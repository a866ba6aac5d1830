"""Writing profiles of one's own: ``new`` makes a skeleton, ``record`` watches a session.

The topmost wing: it starts servers and the client program, and writes the files that the
other commands read.
"""
