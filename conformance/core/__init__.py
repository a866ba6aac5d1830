"""The vocabulary of the suite: verdicts, transcripts, messages, parameters. No I/O of servers."""
