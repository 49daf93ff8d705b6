"""Parts of Celery that this project replaces or adds."""
