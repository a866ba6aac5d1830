"""pync: a replacement for netcat and telnet."""
