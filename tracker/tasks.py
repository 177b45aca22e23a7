"""Celery's doors into the core: each fetches, and calls one verb."""
