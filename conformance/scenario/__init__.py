"""What a scenario is written with: requirements, the session, and its random data."""
