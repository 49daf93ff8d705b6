"""A twin in memory of each port, for tests and dry runs."""
