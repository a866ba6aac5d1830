"""The suite's clients, which judge: byte-exact peers, senders of datagrams, terminals."""
