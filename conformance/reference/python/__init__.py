"""The reference servers in Python: only the standard library, one selectors loop."""
