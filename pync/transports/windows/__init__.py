"""What only Windows has: named pipes and processes, by ctypes."""
