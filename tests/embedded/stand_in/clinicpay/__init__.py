"""Stands in for the project: the supervisor under test is copied into it."""
