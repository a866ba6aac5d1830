"""Parts for Windows only: named pipes and processes, by ctypes."""
