"""What a proxy server does with one client: a session for each protocol that it speaks."""
