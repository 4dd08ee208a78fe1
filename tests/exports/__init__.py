"""Closed days that leave for bookkeeping."""
