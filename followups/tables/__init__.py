"""Columns of the lists of follow-ups."""
