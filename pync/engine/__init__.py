"""Moving bytes: readiness, one direction, two directions and the endings."""
