"""Celery's doors into the artifacts: look inside after an upload; sweep what is left over."""
