"""The use cases and queries: what happens in which order, using ports only."""
