"""The registry and the journal in SQL: SQLite or PostgreSQL."""
