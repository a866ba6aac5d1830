"""The suite's judging clients: byte-exact peers, senders of datagrams, terminals."""
