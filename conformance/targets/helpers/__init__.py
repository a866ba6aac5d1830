"""Programs that the suite starts beside a server; each runs by itself and imports nothing."""
