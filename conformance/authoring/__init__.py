"""Write new profiles: ``new`` makes a skeleton, ``record`` records a session.

This is the topmost layer: it starts servers and the client program, and writes files that the
other commands read.
"""
