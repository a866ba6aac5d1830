"""Features that only Windows has: job objects and named pipes."""
