"""Backups that are proved: what is written down with a dump, and the drill that restores it and compares."""
