"""Implementations of the ports: Heroku, HTTP, brokers, SQL, Redis, in-memory twins."""
