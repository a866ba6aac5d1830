"""Sans-I/O protocol layers: bytes in, bytes out, nothing else."""
