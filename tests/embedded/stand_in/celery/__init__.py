"""Stands in for Celery, which takes seconds to import."""
