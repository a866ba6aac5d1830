"""Programs that the suite starts beside a server; each imports nothing from the suite."""
