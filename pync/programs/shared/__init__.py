"""What several programs need: connecting, accepting, TLS, access lists, the relay's pipeline."""
