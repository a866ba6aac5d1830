"""The reference servers in Python: standard library only, one selectors loop."""
