"""The vocabulary: values and errors that every other part speaks in. No I/O, no policy."""
