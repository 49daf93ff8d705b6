"""Measure what the project costs: each module prints one table. See `docs/`."""
