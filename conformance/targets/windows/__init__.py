"""What only Windows has: job objects and named pipes, by ctypes."""
