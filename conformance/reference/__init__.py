"""The embedded correct servers, in Python and in Node, which the suite judges by default."""
