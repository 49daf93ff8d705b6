"""Counts measured at Celery brokers."""
