"""Right servers, embedded: in Python and in Node. What the suite judges by default."""
