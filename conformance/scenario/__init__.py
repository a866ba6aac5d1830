"""The tools for writing scenarios: requirements, the session, and its random data."""
