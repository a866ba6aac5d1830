"""Parts that several programs use: connecting, accepting, TLS, access lists, and more."""
