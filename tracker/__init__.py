"""Tracker: the core of an experiment tracker, and the Django project around it."""

from tracker.celery import app as celery_app

__all__ = ["celery_app"]
