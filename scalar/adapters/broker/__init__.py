"""Counts measured at a Celery broker."""
